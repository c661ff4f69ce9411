/*
 * notify - tell whoever started us how far we are (sd_notify's protocol).
 */
#ifndef COMMON_PRIV_NOTIFY_H
#define COMMON_PRIV_NOTIFY_H

/*
 * Send lines such as "READY=1\nSTATUS=..." as one datagram to $NOTIFY_SOCKET;
 * does nothing when that is not set. systemd's sd_notify(3), NOTES.
 */
void notify_send(const char *lines);

#endif
