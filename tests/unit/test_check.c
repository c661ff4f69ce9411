/* test_check - each classic mistake is found, and a good main.cf has none. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/macros.h"
#include "vdeliver/check.h"

static char top[] = "/tmp/test_check.XXXXXX";

/* DIR in texts stands for top. */
static void expand_dir(const char *text, struct buf *out)
{
	const char *at;

	for (; (at = strstr(text, "DIR")) != NULL; text = at + 3)
		buf_addf(out, "%.*s%s", (int)(at - text), text, top);
	buf_addc(out, text);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	AUTO_BUF path = BUF_MAX(200);
	AUTO_BUF body = BUF_MAX(10000);
	int fd;

	buf_addf(&path, "%s/%s", top, name);
	expand_dir(text, &body);
	fd = open(buf_c(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && io_write_full(fd, body.p, body.n));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_dir(const char *name, mode_t mode)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	mkdir(path, 0700);
	assert_int_equal(chmod(path, mode), 0);
}

static const char good[] = "compatibility_level = 3.6\n"
			   "myhostname = mail.example.com\n"
			   "mydestination = $myhostname, localhost\n"
			   "virtual_mailbox_domains = example.com\n"
			   "virtual_mailbox_base = DIR/mail\n"
			   "virtual_mailbox_maps = texthash:DIR/vmailbox\n"
			   "virtual_uid_maps = static:5000\n"
			   "virtual_gid_maps = static:5000\n"
			   "vdeliver_user = nobody\n";

static int remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void begin(const char *more)
{
	AUTO_BUF main_cf = BUF_MAX(10000);

	clean();
	assert_int_equal(mkdir(top, 0755), 0);
	make_dir("mail", 0755);
	make_dir("mail/dir", 0755);
	buf_addf(&main_cf, "%s%s", good, more);
	write_file("main.cf", buf_c(&main_cf), 0644);
	write_file("vmailbox", "a@example.com a/\nb@example.com b/\n", 0644);
}

static void no_base(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/mail/dir", top);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/mail", top);
	rmdir(path);
}

static void base_for_all(void)
{
	make_dir("mail", 0777);
}

static void no_slash(void)
{
	write_file("vmailbox", "a@example.com a/\nb@example.com b\n", 0644);
}

static void no_slash_dir(void)
{
	write_file("vmailbox", "b@example.com dir\n", 0644);
}

static void all_mbox(void)
{
	write_file("vmailbox", "a@example.com a\nb@example.com b\n", 0644);
}

static void upwards(void)
{
	write_file("vmailbox", "a@example.com x/../../a/\n", 0644);
}

static void doubled(void)
{
	write_file("vmailbox", "a@example.com DIR/mail/a/\n", 0644);
}

static void table_for_all(void)
{
	write_file("vmailbox", "a@example.com a/\n", 0646);
}

static void main_for_all(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/main.cf", top);
	assert_int_equal(chmod(path, 0666), 0);
}

static void dir_for_all(void)
{
	make_dir(".", 0777);
}

static void source_alone(void)
{
	write_file("virtual", "x@example.com a@example.com\n", 0644);
}

static void old_db(void)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char path[100];

	source_alone();
	write_file("virtual.db", "", 0644);
	snprintf(path, sizeof(path), "%s/virtual.db", top);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static void uids(void)
{
	write_file("uids", "a@example.com 99\nb@example.com vmail\n", 0644);
}

static void domains(void)
{
	write_file("domains", "example.net x\nlocalhost x\n", 0644);
}

static void dovecot_same(void)
{
	write_file("dovecot.conf",
	    "mail_location = maildir:DIR/mail/%n\n"
	    "namespace inbox {\n  mail_location = mbox:/x\n}\nmail_uid = 5000\n",
	    0644);
}

static void dovecot_other(void)
{
	write_file("dovecot.conf", "!include conf.d/*.conf\n", 0644);
	make_dir("conf.d", 0755);
	write_file("conf.d/10-mail.conf",
	    "# mail_location = maildir:DIR/mail/%n\n"
	    "mail_location = maildir:DIR/mail/%d/%n/Maildir:LAYOUT=fs\n",
	    0644);
}

static void dovecot_mbox(void)
{
	write_file("dovecot.conf",
	    "mail_location = mbox:~/mail:INBOX=DIR/mail/%n\n", 0644);
}

static void dovecot_home(void)
{
	write_file("dovecot.conf", "mail_location = maildir:~/Maildir\n", 0644);
}

static void dovecot_new(void)
{
	write_file("dovecot.conf",
	    "mail_driver = maildir\nmail_path = DIR/%{user | domain}/x\n",
	    0644);
}

static void dovecot_uid(void)
{
	write_file("dovecot.conf", "mail_uid = 5001\n", 0644);
}

static void link_out(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/mail/dir/out", top);
	assert_int_equal(symlink("../../..", path), 0);
	snprintf(path, sizeof(path), "%s/mail/dir/in", top);
	assert_int_equal(symlink("../dir", path), 0);
}

static const struct {
	const char *main_cf;
	void (*prepare)(void);
	bool good;
	const char *want; /* a part of it */
} cases[] = {
	{ "", NULL, true, "nothing wrong was found\n" },
	/* domains */
	{ "mydestination = localhost Example.COM\n", NULL, false,
	    "wrong: do not list domain example.com in BOTH mydestination and "
	    "virtual_mailbox_domains\n    mydestination wins" },
	{ "virtual_alias_domains = localhost\n", NULL, false,
	    "BOTH mydestination and virtual_alias_domains" },
	{ "virtual_mailbox_domains = texthash:DIR/domains\n", domains, false,
	    "do not list domain localhost in BOTH" },
	{ "virtual_mailbox_domains =\n", NULL, false,
	    "wrong: virtual_mailbox_domains is empty" },
	{ "virtual_mailbox_maps =\n", NULL, false,
	    "wrong: virtual_mailbox_maps is empty" },
	{ "virtual_uid_maps =\n", NULL, false,
	    "wrong: virtual_uid_maps is empty" },
	/* paths */
	{ "", no_slash, true,
	    "doubtful: texthash:DIR/vmailbox: b@example.com and 0 more are "
	    "mbox files, beside 1 Maildirs" },
	{ "", no_slash_dir, false,
	    "wrong: texthash:DIR/vmailbox: b@example.com: dir is a directory\n"
	    "    put a slash at its end" },
	{ "", all_mbox, true, "nothing wrong was found\n" },
	{ "", upwards, false, "leads upwards and is refused" },
	{ "", doubled, true, "DIR/mail/a/ would be DIR/mailDIR/mail/a/\n" },
	{ "virtual_mailbox_base = mail\n", NULL, false,
	    "wrong: virtual_mailbox_base = mail is no absolute path" },
	{ "virtual_mailbox_base =\n", NULL, false,
	    "wrong: virtual_mailbox_base is missing" },
	{ "", no_base, false,
	    "virtual_mailbox_base = DIR/mail: No such file or directory\n" },
	{ "virtual_mailbox_base = DIR/main.cf\n", NULL, false,
	    "virtual_mailbox_base = DIR/main.cf is no directory" },
	{ "", base_for_all, false,
	    "virtual_mailbox_base = DIR/mail can be written by everybody" },
	/* owners */
	{ "virtual_uid_maps = static:99\n", NULL, false,
	    "* has uid 99, below virtual_minimum_uid = 100" },
	{ "virtual_uid_maps = texthash:DIR/uids\n", uids, false,
	    "a@example.com has uid 99, below" },
	{ "virtual_uid_maps = texthash:DIR/uids\n", uids, false,
	    "b@example.com has uid \"vmail\"\n    write a number" },
	{ "virtual_gid_maps = inline:{a@example.com=0}\n", NULL, false,
	    "a@example.com has gid \"0\"" },
	/* tables */
	{ "virtual_alias_maps = hash:DIR/virtual\n", NULL, false,
	    "virtual_alias_maps: table file DIR/virtual.db: No such file" },
	{ "virtual_alias_maps = hash:DIR/virtual\n", source_alone, false,
	    "    run: postmap hash:DIR/virtual\n" },
	{ "virtual_alias_maps = hash:DIR/virtual\n", old_db, false,
	    "DIR/virtual.db is older than its source DIR/virtual" },
	{ "virtual_alias_maps = nis:mail.aliases\n", NULL, false,
	    "unsupported dictionary type: nis" },
	{ "virtual_alias_maps = texthash:DIR/none\n", NULL, false,
	    "DIR/none: No such file" },
	{ "", table_for_all, false,
	    "table DIR/vmailbox can be written by everybody\n"
	    "    chmod o-w DIR/vmailbox\n" },
	{ "", dir_for_all, false, "table DIR/vmailbox can be replaced" },
	{ "", main_for_all, false, "DIR/main.cf can be written by everybody" },
	/* limits and other values */
	{ "virtual_mailbox_limit = 1000\n", NULL, false,
	    "virtual_mailbox_limit = 1000 is smaller than message_size_limit "
	    "= 10240000" },
	{ "message_size_limit = 0\n", NULL, false,
	    "virtual_mailbox_limit = 51200000 is a limit, and "
	    "message_size_limit = 0 is none" },
	{ "header_checks = pcre:/x\n", NULL, true,
	    "doubtful: header_checks is not supported: content is not "
	    "inspected" },
	{ "soft_bounce = maybe\n", NULL, false,
	    "wrong: bad boolean configuration: soft_bounce = maybe" },
	{ "vdeliver_listen = tcp:1\n", NULL, false, "wrong: " },
	{ "virtual_uid_maps\n", NULL, false, "missing '='" },
	/* links; only with confine they are a mistake */
	{ "", NULL, true, "note: no link leads out of DIR/mail" },
	{ "", link_out, true,
	    "note: link DIR/mail/dir/out leads out of virtual_mailbox_base\n" },
	{ "", link_out, true, "nothing wrong was found\n" },
	{ "vdeliver_confine = yes\n", link_out, false,
	    "wrong: link DIR/mail/dir/out leads out of" },
	/* Dovecot */
	{ "", dovecot_same, true, "nothing wrong was found\n" },
	{ "", dovecot_other, false,
	    "a@example.com is delivered to maildir:DIR/mail/a/, and Dovecot "
	    "(DIR/dovecot.conf) looks in maildir:DIR/mail/example.com/a/"
	    "Maildir\n" },
	{ "", dovecot_other, false, "    the same is so for 1 more\n" },
	{ "", dovecot_mbox, false, "looks in mbox:DIR/mail/a\n" },
	/* a home that nobody knows is not judged */
	{ "", dovecot_home, true, "nothing wrong was found\n" },
	{ "", dovecot_new, false, "looks in maildir:DIR/example.com/x\n" },
	{ "", dovecot_uid, false,
	    "virtual_uid_maps = static:5000, and mail_uid = 5001" },
};

static bool run(struct buf *got)
{
	AUTO_BUF dovecot = BUF_MAX(200);
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	bool is_good;

	buf_addf(&dovecot, "%s/dovecot.conf", top);
	log_to_stderr(false);
	is_good = check_run(top,
	    access(buf_c(&dovecot), F_OK) == 0 ? buf_c(&dovecot) : "/dev/null",
	    f);
	log_to_stderr(true);
	fclose(f);
	buf_set(got, (struct str){ text, n });
	free(text);
	return is_good;
}

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(top));
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF want = BUF_MAX(10000);
		AUTO_BUF got = BUF_MAX(100000);
		bool is_good;

		log_to_stderr(false);
		begin(cases[i].main_cf);
		if (cases[i].prepare != NULL)
			cases[i].prepare();
		is_good = run(&got);
		expand_dir(cases[i].want, &want);
		if (is_good != cases[i].good ||
		    str_search(buf_str(&got), buf_str(&want)) < 0)
			fail_msg("case %zu (%s): got \"%s\", want \"%s\"", i,
			    cases[i].main_cf, buf_c(&got), buf_c(&want));
	}
	clean();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
