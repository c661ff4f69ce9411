/* module - load map_TYPE.so when a table needs it. */

#include "map/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

/* S_ISVTX: in such a directory nobody renames what is another's. */
static bool others_write(const struct stat *sb)
{
	return (sb->st_mode & 022) != 0 &&
	    !(S_ISDIR(sb->st_mode) && (sb->st_mode & S_ISVTX) != 0);
}

/* Root, ourselves, or whoever owns "/" and with it everything: in a user name
 * space root of the machine has no number. */
static bool trusted(uid_t owner)
{
	struct stat top;

	return owner == 0 || owner == geteuid() ||
	    (stat("/", &top) == 0 && owner == top.st_uid);
}

/* The file is enough where we have nobody's rights but our own. */
static bool safe(const char *file)
{
	char path[PATH_MAX];
	struct stat sb;
	char *slash;

	snprintf(path, sizeof(path), "%s", file);
	if (stat(path, &sb) != 0 || !S_ISREG(sb.st_mode) ||
	    !trusted(sb.st_uid) || (sb.st_mode & S_IWOTH) != 0)
		return false;
	if (geteuid() != 0)
		return true;
	for (;;) {
		if (stat(path, &sb) != 0 || !trusted(sb.st_uid) ||
		    others_write(&sb))
			return false;
		slash = strrchr(path, '/');
		if (slash == NULL || strcmp(path, "/") == 0)
			return true;
		slash[slash == path ? 1 : 0] = '\0';
	}
}

static const char *directory(void)
{
	const char *dir = secure_getenv("MAP_MODULES");

	return dir != NULL && *dir == '/' ? dir : MODULE_DIR;
}

static enum st load(const char *file, const struct db_engine **engine,
    struct err *e)
{
	void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (lib == NULL)
		return err_temp(e, "4.3.0", "cannot load %s", dlerror());
	*engine = dlsym(lib, "map_module");
	dlclose(lib);
	if (*engine == NULL || strcmp((*engine)->abi, DB_ENGINE_ABI) != 0)
		return err_temp(e, "4.3.0", "%s is of another version, not %s",
		    file, DB_ENGINE_ABI);
	return ST_OK;
}

bool module_is_there(const char *type)
{
	AUTO_BUF name = BUF_MAX(PATH_MAX);

	buf_addf(&name, "%s/map_%s.so", directory(), type);
	return access(buf_c(&name), F_OK) == 0;
}

enum st module_load(const char *type, const struct db_engine **engine,
    struct err *e)
{
	AUTO_BUF name = BUF_MAX(PATH_MAX);
	char real[PATH_MAX];
	enum st st;

	buf_addf(&name, "%s/map_%s.so", directory(), type);
	if (realpath(buf_c(&name), real) == NULL)
		st = errno == ENOENT || errno == ENOTDIR
		    ? err_temp(e, "4.3.0", "%s is not installed", buf_c(&name))
		    : err_temp(e, "4.3.0", "%s: %m", buf_c(&name));
	else if (!safe(real))
		st = err_temp(e, "4.3.0",
		    "not loading %s: others could have written it", real);
	else
		st = load(real, engine, e);
	if (st != ST_OK)
		err_prefix(e, "unsupported dictionary type: %s: ", type);
	return st;
}
