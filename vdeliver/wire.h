/*
 * wire - what our processes say to each other: the types of ipc messages, and
 * what is in each, in order.
 */
#ifndef VDELIVER_WIRE_H
#define VDELIVER_WIRE_H

/*
 * Unanswered requests that a sender may have under way: a socket buffer holds
 * this many, so that no send ever blocks; further ones wait at the sender.
 */
#define WIRE_FRONT_WINDOW  48
#define WIRE_WORKER_WINDOW 48

enum wire {
	/* front → router. CLIENT is the front's number of a session, TXN of a
	 * mail transaction in it. */
	W_CONNECT = 1, /* CLIENT, str address ("" for UNIX), str service */
	W_XCLIENT,     /* CLIENT, str name, str address: it is somebody else;
			  the answer is W_CONNECT_REPLY */
	W_EVENT,       /* CLIENT, u32 enum throttle_event: may it? */
	W_RCPT,        /* CLIENT, TXN, u32 flags, str original, str address,
			  str orcpt, str notify, u64 size (0: not
			  said) */
	W_COMMIT,      /* CLIENT, TXN, u32 flags, str qid, str sender, str ret,
			  str envid, u64 size, u64 start ms; str body, or ""
			  and a descriptor */
	W_GONE,        /* CLIENT: forget it; has no answer */

	/* router → front */
	W_CONNECT_REPLY, /* CLIENT, u32 client_flags, str name, u32 code (0: welcome), str dsn, str text */
	W_EVENT_REPLY,   /* CLIENT, u32 refused */
	W_RCPT_REPLY,    /* CLIENT, TXN, u32 code, str dsn, str text,
			    u32 logged: no line about it is wanted */
	W_COMMIT_REPLY,  /* CLIENT, TXN, u32 index, u32 of, u32 code, str dsn,
			    str text */

	W_COMMIT_WAITS, /* CLIENT, TXN: its answer may take long, and stands in
			    nobody's way */

	/* router → lookup and back */
	W_ASK,    /* u32 id, u32 question, u32 flags, str key */
	W_ANSWER, /* u32 id, u32 st, u32 lasting (see lookup.h), str dsn,
		     str text, str value, str ext */

	/* router → monitor */
	W_WANT_WORKER, /* u32 uid, u32 gid */
	W_KILL,        /* u32 pid: missed its deadline */
	W_WANT_RELAY,  /* nothing in it */

	/* monitor → router; a descriptor comes along */
	W_WORKER, /* u32 uid, u32 gid, u32 pid (0: refused), str text */
	W_LOOKUP, /* u32 index, u32 pid */
	W_FRONT,  /* u32 index, u32 pid */
	W_RELAY,  /* u32 index, u32 pid (0: none could be started) */

	/* router → worker */
	W_JOB,     /* u32 id, u32 phase, str sender, u64 limit, u64 size,
		      u32 n, n × (str path, str orig, str final, u32 group),
		      u32 inline, str body (or a descriptor) */
	W_VERDICT, /* u32 id, u32 phase, u32 n, n × u32 target */

	W_ROOM, /* u32 id, u64 size (0: not known), u32 n, n × str path: would
		   a message of that size exceed a quota? */

	/* worker → router */
	W_ROOM_REPLY, /* u32 id, u32 st, str dsn, str text */
	W_WAITS, /* u32 id: it waits for locks and stands in nobody's way */
	W_DONE,  /* u32 id, u32 n, n × (u32 st, str dsn, str text) */

	/* router → relay */
	W_MAIL,    /* u32 id, u32 flags, u64 ms left, u64 size, str qid,
		      str sender, str ret, str envid, str places, u32 targets,
		      u32 inline, str body (or a descriptor) */
	W_TARGETS, /* u32 id, u32 n, n × (str address, str orcpt, str notify,
		      u32 group): until all of W_MAIL's are there */

	/* relay → router */
	W_RELAYED, /* u32 id, str place, u32 connect ms, u32 n, n × (u32 st,
		      u32 code, str dsn, str text): until all are answered */

	/* any child → logger */
	W_LOG, /* u32 level, u32 pid, str tag, str line */

	/* monitor → child: end when what is under way is done; u32 gentle: as
	 * soon as the clients leave by themselves */
	W_DRAIN,
};

/* Paths in W_ROOM. */
#define ROOM_PATHS 10

/* Which lists a client is in: W_CONNECT_REPLY. */
enum client_flags {
	CF_TRUSTED = 1 << 0,  /* mynetworks, or a UNIX socket */
	CF_LOCAL = 1 << 1,    /* local_header_rewrite_clients */
	CF_BARE_LF = 1 << 2,  /* smtpd_forbid_bare_newline_exclusions */
	CF_EXEMPT = 1 << 3,   /* smtpd_client_event_limit_exceptions */
	CF_XCLIENT = 1 << 4,  /* smtpd_authorized_xclient_hosts */
	CF_XFORWARD = 1 << 5, /* smtpd_authorized_xforward_hosts */
};

/* Flags of W_RCPT and W_COMMIT. */
enum wire_flags {
	WF_TRUSTED = 1 << 0, /* the client is in mynetworks */
	WF_VRFY = 1 << 1,    /* only asking */
	WF_ROUTED = 1 << 2,  /* user%other@ours: a relay matter */
	WF_LMTP = 1 << 3,    /* a reply per recipient */
	WF_8BIT = 1 << 4,    /* BODY=8BITMIME */
	WF_UTF8 = 1 << 5,    /* SMTPUTF8 */
};

/* Questions for a lookup process. */
enum question {
	Q_MYDESTINATION, /* domain: in the list? */
	Q_ALIAS_DOMAINS,
	Q_MAILBOX_DOMAINS,
	Q_MYNETWORKS, /* IP address: in the list? */
	Q_ALIAS,      /* address: value and unmatched extension */
	Q_MAILBOX,
	Q_UID,
	Q_GID,
	Q_LF_EXCLUSIONS, /* IP address or host name: in the list? */
	Q_EVENT_EXCEPTIONS,
	Q_XCLIENT,
	Q_XFORWARD,
	Q_REWRITE,   /* local_header_rewrite_clients: tables */
	Q_PEER_NAME, /* IP address: its name, checked both ways */
	Q_RELAYHOST, /* nothing: its addresses, see relayhost.h */
	Q_SAME,      /* nothing: ST_OK, every table is as it was opened */
	Q_PASSWORD,  /* of relayhost; nobody asks, it goes with the former */
	Q_COUNT,
};

/* Flag of W_ASK: the domain is local, bare user keys count. */
#define ASK_LOCAL 1

#endif
