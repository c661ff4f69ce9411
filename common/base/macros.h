/*
 * macros - attributes and the few macros that every file may use.
 */
#ifndef COMMON_BASE_MACROS_H
#define COMMON_BASE_MACROS_H

#define MUST_CHECK   __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define UNUSED       __attribute__((unused))
#define NORETURN     __attribute__((noreturn))
#define CLEANUP(fn)  __attribute__((cleanup(fn)))

/* Elements of an array, not of a pointer. */
#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds member m at address p. */
#define CONTAINER_OF(p, type, m) ((type *)((char *)(p)-offsetof(type, m)))

#endif
