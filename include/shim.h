/* What bindgen cannot reach: macros of httpd and APR with arguments. */
#ifndef MOD_PYTHON_SHIM_H
#define MOD_PYTHON_SHIM_H

#include "httpd.h"
#include "apr_buckets.h"
/* mod_include.h needs util_filter.h before it. */
#include "util_filter.h"
#include "mod_include.h"

/** The level at which messages of module `index` are logged for this request. */
int mpy_request_log_level(const request_rec *r, int index);
/** The same for a server. */
int mpy_server_log_level(const server_rec *s, int index);
/** The same for a connection. */
int mpy_conn_log_level(const conn_rec *c, int index);

/** conn_rec.aborted, a bit field in some releases. */
int mpy_conn_is_aborted(const conn_rec *c);

/** APR_BUCKET_NEXT and friends. */
apr_bucket *mpy_brigade_first(apr_bucket_brigade *bb);
int mpy_brigade_is_end(apr_bucket_brigade *bb, const apr_bucket *b);
int mpy_brigade_is_empty(apr_bucket_brigade *bb);
int mpy_bucket_is_eos(const apr_bucket *b);
int mpy_bucket_is_flush(const apr_bucket *b);
int mpy_bucket_is_metadata(const apr_bucket *b);
apr_status_t mpy_bucket_read(apr_bucket *b, const char **data, apr_size_t *length, int block);
void mpy_bucket_delete(apr_bucket *b);
void mpy_brigade_append(apr_bucket_brigade *bb, apr_bucket *b);
/** Moves everything from `b` to the end of `a`. */
void mpy_brigade_concat(apr_bucket_brigade *a, apr_bucket_brigade *b);
apr_bucket *mpy_bucket_next(const apr_bucket *b);
void mpy_bucket_remove(apr_bucket *b);
apr_status_t mpy_bucket_split(apr_bucket *b, apr_size_t point);

/** Whether EnableSendfile is on for this request. */
int mpy_sendfile_enabled(const request_rec *r);

/**
 * Deletes the first bucket of a brigade if it is `done`, and goes on to the next one with data, which stays in the
 * brigade: its bytes lie in `data`. Other buckets on the way are deleted; `end` is set to 1 at the end of the stream.
 * NULL where there is none, or where reading failed, with `status`.
 */
apr_bucket *mpy_brigade_next(apr_bucket_brigade *bb, apr_bucket *done, const char **data, apr_size_t *length,
                             int *end, apr_status_t *status);

/** mod_ssl's optional functions; NULL or 0 where mod_ssl is absent. */
const char *mpy_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r, const char *name);
int mpy_ssl_is_https(conn_rec *c);

/** mod_authn_socache keeps what the provider `python` answered, if it is there and configured for it. */
void mpy_authn_cache_password(request_rec *r, const char *user, const char *password);
void mpy_authn_cache_hash(request_rec *r, const char *user, const char *realm, const char *hash);

/** Registers a function for mod_status's page; it is never called where mod_status is absent. */
void mpy_hook_status(int (*hook)(request_rec *r, int flags));

/** What mod_rewrite calls for an internal map. */
typedef char *(*mpy_map_function)(request_rec *r, char *key);
/** Makes `int:name` known to mod_rewrite, which keeps the name; 0 where mod_rewrite is absent. */
int mpy_register_rewrite_map(const char *name, mpy_map_function function);

/** What mod_log_config calls for an item. */
typedef const char *(*mpy_log_function)(request_rec *r, char *argument);
/** Makes `%{...}tag` known to mod_log_config, if it is there. */
void mpy_register_log_item(apr_pool_t *p, const char *tag, mpy_log_function function);

/**
 * Registers what runs SSI elements called `name` with mod_include. 0 where mod_include is absent. At each start of httpd:
 * mod_include forgets, and may be somewhere else.
 */
int mpy_register_ssi_element(const char *name,
                             apr_status_t (*run)(include_ctx_t *ctx, ap_filter_t *f, apr_bucket_brigade *bb));
/** The next attribute of the element that is run, `name` NULL behind the last one. Entities in the value are decoded. */
void mpy_ssi_next_attribute(include_ctx_t *ctx, char **name, char **value);
/** Appends mod_include's error text to the page. */
void mpy_ssi_append_error(include_ctx_t *ctx, ap_filter_t *f, apr_bucket_brigade *bb);

#endif
