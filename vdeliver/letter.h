/*
 * letter - what is written for one target of a job: lines of its own, then the
 * body that all targets share.
 */
#ifndef VDELIVER_LETTER_H
#define VDELIVER_LETTER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/job.h"

/* Return-Path, X-Original-To and Delivered-To of the longest addresses. */
#define LETTER_HEAD_MAX 32768

/* Those lines, as virtual(8) writes them; ST_TEMP, with t's err: no room. */
enum st letter_head(struct buf *head, const struct job *j, struct target *t)
    MUST_CHECK;

/* Write the body to a file; false with errno. */
bool letter_body(const struct job *j, int to) MUST_CHECK;

#endif
