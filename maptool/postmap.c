/* postmap - options and modes; each mode is a function below. */

#include "maptool/postmap.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "conf/conf.h"
#include "map/build.h"
#include "map/map.h"
#include "map/source.h"

#define SOURCE_MAX ((size_t)1 << 32)
#define VALUE_MAX  ((size_t)1 << 26)

struct options {
	const char *dir;
	const char *key; /* of -q or -d */
	char mode;       /* 'q', 'd', 's', 'i', 'b' for build */
	bool keep_owner; /* -o */
	bool no_mode;    /* -p */
	bool no_fold, no_utf8;
	unsigned dup, nul;
	int verbose;
	char **maps;
	int n;

	const char *default_type;
	bool utf8;
};

static void NORETURN usage(void)
{
	log_fatal("usage: postmap [-NfinoprsuUvw] [-c config_dir] [-d key] "
	    "[-q key] [map_type:]file...");
}

static void set_mode(struct options *o, char mode, const char *key)
{
	if (o->mode == 'b' || (mode == 'i' && o->mode == 'i')) {
		o->mode = mode;
		o->key = key;
		return;
	}
	log_fatal(mode == 's' ? "specify only one of -s or -q or -d" :
				"specify only one of -s -q or -d");
}

static void one_option(struct options *o, int c)
{
	switch (c) {
	case 'c':
		o->dir = optarg;
		break;
	case 'd':
	case 'q':
		set_mode(o, (char)c, optarg);
		break;
	case 'i':
	case 's':
		set_mode(o, (char)c, NULL);
		break;
	case 'f':
		o->no_fold = true;
		break;
	case 'n':
		o->nul = MAP_TRY0;
		break;
	case 'N':
		o->nul = MAP_TRY1;
		break;
	case 'o':
		o->keep_owner = true;
		break;
	case 'p':
		o->no_mode = true;
		break;
	case 'r':
		o->dup = MAP_DUP_REPLACE;
		break;
	case 'w':
		o->dup = MAP_DUP_IGNORE;
		break;
	case 'u':
		o->no_utf8 = true;
		break;
	case 'U': /* it only matters beside -b and -h */
		break;
	case 'v':
		o->verbose++;
		break;
	case 'b':
	case 'h':
	case 'm':
	case 'F':
	case 'j':
		log_fatal("option -%c is not supported yet", c);
	default:
		usage();
	}
}

static void parse_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){ .mode = 'b' };
	/* "+": what follows the first map is a map. */
	while ((c = getopt(argc, argv, "+bc:d:fFhijmnNopq:rsuUvw")) != -1)
		one_option(o, c);
	o->maps = argv + optind;
	o->n = argc - optind;
	if (o->n == 0 && o->mode == 's')
		exit(1);
	if (o->n == 0)
		usage();
}

/* Only what is needed: the default type, and whether texts are UTF-8. */
static void read_config(struct options *o)
{
	static struct conf *conf;
	const char *env = getenv("MAIL_CONFIG");
	const char *dir = o->dir != NULL ? o->dir :
	    env != NULL			 ? env :
					   "/etc/postfix";
	bool own_name = strcmp(log_get_tag(), "maptool") == 0;
	AUTO_BUF path = BUF_MAX(4096);
	struct err e;

	buf_addf(&path, "%s/main.cf", dir);
	if (own_name && access(buf_c(&path), F_OK) != 0)
		conf = conf_defaults(dir);
	else if (conf_load(&conf, dir, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (conf_str(conf, "default_database_type", &o->default_type, &e) !=
		ST_OK ||
	    conf_bool(conf, "smtputf8_enable", &o->utf8, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (o->no_utf8)
		o->utf8 = false;
}

static unsigned map_flags(const struct options *o)
{
	return (o->no_fold ? 0 : MAP_FOLD) | (o->utf8 ? MAP_UTF8 : 0) |
	    o->dup | o->nul;
}

/* --- build --------------------------------------------------------------- */

/* As the owner of the source, the table belongs to who made the source. */
static void become_owner(const struct options *o, const struct stat *sb)
{
	if (geteuid() != 0 || o->keep_owner ||
	    (sb->st_uid == 0 && sb->st_gid == 0))
		return;
	if (setgroups(0, NULL) != 0 || setegid(sb->st_gid) != 0 ||
	    seteuid(sb->st_uid) != 0)
		log_fatal("cannot become the owner of the source: %m");
}

static void back_to_root(const struct options *o)
{
	if (getuid() != 0 || o->keep_owner || geteuid() == 0)
		return;
	if (seteuid(0) != 0 || setegid(0) != 0)
		log_fatal("cannot become root again: %m");
}

static mode_t table_mode(const struct options *o, const struct stat *sb)
{
	mode_t lacks = ~sb->st_mode & 077;

	if (o->no_mode || !S_ISREG(sb->st_mode))
		return 0644;
	return 0644 & ~lacks;
}

static void put_records(struct map_build *b, const struct options *o,
    const char *name, struct str text)
{
	struct source s;
	struct str key, val;
	struct err e;

	source_init(&s, name, text, o->utf8);
	while (source_next(&s, &key, &val))
		if (map_build_put(b, key, val, &e) != ST_OK) {
			map_build_discard(b);
			log_fatal("%s", e.text);
		}
	source_clear(&s);
}

static const char *source_path(const char *map)
{
	const char *colon = strchr(map, ':');

	return colon != NULL ? colon + 1 : map;
}

static int build(const struct options *o, const char *map)
{
	bool add = o->mode == 'i';
	const char *name = add ? "stdin" : source_path(map);
	AUTO_BUF text = BUF_MAX(SOURCE_MAX);
	AUTO_FD fd = add ? dup(STDIN_FILENO) :
			   open(name, O_RDONLY | O_CLOEXEC);
	struct map_build_how how = { .add = add, .uid = (uid_t)-1 };
	struct map_build *b;
	struct stat sb;
	struct err e;

	if (fd < 0 || fstat(fd, &sb) != 0)
		log_fatal("open %s: %m", name);
	how.flags = map_flags(o);
	how.mode = table_mode(o, &sb);
	become_owner(o, &sb);
	if (map_build_open(&b, str_c(map), o->default_type, &how, &e) !=
	    ST_OK)
		log_fatal("%s", e.text);
	if (io_slurp(fd, name, &text, &e) != ST_OK) {
		map_build_discard(b);
		log_fatal("%s", e.text);
	}
	put_records(b, o, name, buf_str(&text));
	if (map_build_commit(b, &e) != ST_OK)
		log_fatal("%s", e.text);
	back_to_root(o);
	return 0;
}

static int run_build(const struct options *o)
{
	int i;

	umask(022);
	for (i = 0; i < o->n; i++)
		build(o, o->maps[i]);
	return 0;
}

/* --- query, delete, list ------------------------------------------------- */

static struct map *open_map(const struct options *o, int i, unsigned extra)
{
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(o->maps[i]), o->default_type,
		map_flags(o) | extra, &e) != ST_OK)
		log_fatal("%s", e.text);
	return m;
}

static void check_value(const struct map *m, struct str key, struct str val)
{
	if (val.n != 0)
		return;
	log_warn("table %.*s: key %.*s: empty string result is not allowed",
	    STR_ARG(m->spec), STR_ARG(key));
	log_warn("table %.*s should return NO RESULT in case of NOT FOUND",
	    STR_ARG(m->spec));
}

/* Maps are opened when they are needed first. */
static bool query_one(const struct options *o, struct map **maps,
    struct str key, struct buf *val)
{
	struct err e;
	enum st st;
	int i;

	for (i = 0; i < o->n; i++) {
		if (maps[i] == NULL)
			maps[i] = open_map(o, i, 0);
		st = map_get(maps[i], key, val, &e);
		if (st == ST_TEMP) {
			fflush(stdout);
			log_fatal("table %.*s: query error: %s",
			    STR_ARG(maps[i]->spec), e.text);
		}
		if (st == ST_OK) {
			check_value(maps[i], key, buf_str(val));
			return true;
		}
	}
	return false;
}

static int query_stdin(const struct options *o, struct map **maps,
    struct buf *val)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int found = 0;

	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (!query_one(o, maps, str_c(line), val))
			continue;
		found = 1;
		printf("%s\t", line);
		fwrite(buf_c(val), 1, val->n, stdout);
		putchar('\n');
	}
	free(line);
	return !found;
}

static int run_query(const struct options *o)
{
	struct map **maps = calloc((size_t)o->n, sizeof(struct map *));
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	int status = 1, i;

	if (maps == NULL)
		log_fatal("out of memory");
	if (strcmp(o->key, "-") == 0) {
		status = query_stdin(o, maps, &val);
	} else if (query_one(o, maps, str_c(o->key), &val)) {
		fwrite(buf_c(&val), 1, val.n, stdout);
		putchar('\n');
		status = 0;
	}
	for (i = 0; i < o->n; i++)
		map_close(maps[i]);
	free(maps);
	return status;
}

static int delete_one(struct map *m, struct str key)
{
	struct err e;
	enum st st = map_del(m, key, &e);

	if (st == ST_TEMP)
		log_fatal("%s", e.text);
	return st != ST_OK;
}

static int delete_stdin(struct map *m)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = 1;

	rewind(stdin);
	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		status &= delete_one(m, str_c(line));
	}
	free(line);
	return status;
}

static int run_delete(const struct options *o)
{
	int status = 1, i;

	for (i = 0; i < o->n; i++) {
		struct map *m = open_map(o, i, MAP_WRITE);

		status &= strcmp(o->key, "-") == 0 ?
		    delete_stdin(m) : delete_one(m, str_c(o->key));
		map_close(m);
	}
	return status;
}

static int run_list(const struct options *o)
{
	struct map *m = open_map(o, 0, 0);
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct err e;
	enum st st;

	while ((st = map_next(m, &key, &val, &e)) == ST_OK) {
		fwrite(buf_c(&key), 1, key.n, stdout);
		putchar('\t');
		fwrite(buf_c(&val), 1, val.n, stdout);
		putchar('\n');
	}
	if (st != ST_NONE)
		log_fatal("%s", e.text);
	map_close(m);
	return 0;
}

static const struct {
	char mode;
	int (*run)(const struct options *o);
} modes[] = {
	{ 'b', run_build },
	{ 'i', run_build },
	{ 'q', run_query },
	{ 'd', run_delete },
	{ 's', run_list },
};

int postmap_main(int argc, char **argv)
{
	struct options o;
	size_t i;
	int status = 1;

	parse_options(argc, argv, &o);
	read_config(&o);
	for (i = 0; i < NELEM(modes); i++)
		if (modes[i].mode == o.mode)
			status = modes[i].run(&o);
	if (fflush(stdout) != 0)
		log_fatal("write to standard output: %m");
	return status;
}

int postalias_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	log_fatal("postalias: alias files are not supported yet; virtual "
	    "aliases are tables for postmap");
}
