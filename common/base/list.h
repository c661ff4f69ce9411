/*
 * list - doubly linked and intrusive: the link lies inside the element.
 *
 *	struct job { struct list link; ... };
 *	struct list jobs = LIST_INIT(jobs);
 *	list_add_tail(&jobs, &job->link);
 *	list_foreach_safe (p, next, &jobs)
 *		use(CONTAINER_OF(p, struct job, link));
 */
#ifndef COMMON_BASE_LIST_H
#define COMMON_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct list {
	struct list *next, *prev; /* to itself: alone, or an empty head */
};

#define LIST_INIT(head)          \
	{                        \
		&(head), &(head) \
	}

#define list_foreach(p, head) \
	for (struct list *p = (head)->next; p != (head); p = p->next)
/* The body may remove p. */
#define list_foreach_safe(p, nx, head)                                  \
	for (struct list *p = (head)->next, *nx = p->next; p != (head); \
	     p = nx, nx = p->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_add_head(struct list *head, struct list *l)
{
	list_add_tail(head->next, l);
}

/* Take l out of its list; it is alone then. Doing it twice is harmless. */
static inline void list_del(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* The first element, taken out; NULL when the list is empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *l = head->next;

	if (l == head)
		return NULL;
	list_del(l);
	return l;
}

/* Move everything in from to the end of to; from is empty then. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
