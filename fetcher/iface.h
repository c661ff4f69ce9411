/*
 * iface - is a network interface up, with an address that is wanted, and has
 * it had traffic: the options interface and monitor. The only file that asks
 * Linux about interfaces.
 */
#ifndef FETCHER_IFACE_H
#define FETCHER_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

/*
 * Check the form of "DEVICE/ADDRESS[/MASK]", IPv4. ST_TEMP: what is wrong with
 * it.
 */
enum st iface_check(const char *spec, struct err *e) MUST_CHECK;

/*
 * ST_OK: the device is up, and its address is ADDRESS as far as MASK looks.
 * ST_TEMP: it is not; e's text says "SPEC down" or "SPEC IP address excluded".
 */
enum st iface_approve(const char *spec, struct err *e) MUST_CHECK;

/* Packets in and out of a device so far; false when there is none. */
bool iface_packets(const char *device, uint64_t *n);

#endif
