#include "shim.h"
#include "http_config.h"
#include "http_log.h"
#include "http_core.h"
#include "http_ssl.h"
#include "mod_auth.h"
#include "apr_general.h"
#include "apr_md5.h"
#include "mod_log_config.h"
#include "mod_rewrite.h"
#include "mod_status.h"
#include "apr_optional.h"
#include "apr_strings.h"
#include "apr_optional_hooks.h"

int mpy_request_log_level(const request_rec *r, int index)
{
    return ap_get_request_module_loglevel(r, index);
}

int mpy_server_log_level(const server_rec *s, int index)
{
    return ap_get_server_module_loglevel(s, index);
}

int mpy_conn_log_level(const conn_rec *c, int index)
{
    return ap_get_conn_module_loglevel(c, index);
}

int mpy_conn_is_aborted(const conn_rec *c)
{
    return c->aborted != 0;
}

apr_bucket *mpy_brigade_first(apr_bucket_brigade *bb)
{
    return APR_BRIGADE_FIRST(bb);
}

int mpy_brigade_is_end(apr_bucket_brigade *bb, const apr_bucket *b)
{
    return b == APR_BRIGADE_SENTINEL(bb);
}

int mpy_brigade_is_empty(apr_bucket_brigade *bb)
{
    return APR_BRIGADE_EMPTY(bb);
}

int mpy_bucket_is_eos(const apr_bucket *b)
{
    return APR_BUCKET_IS_EOS(b);
}

int mpy_bucket_is_flush(const apr_bucket *b)
{
    return APR_BUCKET_IS_FLUSH(b);
}

int mpy_bucket_is_metadata(const apr_bucket *b)
{
    return APR_BUCKET_IS_METADATA(b);
}

apr_status_t mpy_bucket_read(apr_bucket *b, const char **data, apr_size_t *length, int block)
{
    return apr_bucket_read(b, data, length, block ? APR_BLOCK_READ : APR_NONBLOCK_READ);
}

void mpy_bucket_delete(apr_bucket *b)
{
    apr_bucket_delete(b);
}

int mpy_sendfile_enabled(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    return core != NULL && core->enable_sendfile == ENABLE_SENDFILE_ON;
}

apr_bucket *mpy_brigade_next(apr_bucket_brigade *bb, apr_bucket *done, const char **data, apr_size_t *length,
                             int *end, apr_status_t *status)
{
    *status = APR_SUCCESS;
    if (done != NULL) {
        apr_bucket_delete(done);
    }
    while (!APR_BRIGADE_EMPTY(bb)) {
        apr_bucket *b = APR_BRIGADE_FIRST(bb);
        if (APR_BUCKET_IS_EOS(b)) {
            *end = 1;
            return NULL;
        }
        if (!APR_BUCKET_IS_METADATA(b)) {
            *status = apr_bucket_read(b, data, length, APR_BLOCK_READ);
            if (*status != APR_SUCCESS) {
                return NULL;
            }
            if (*length > 0) {
                return b;
            }
        }
        apr_bucket_delete(b);
    }
    return NULL;
}

void mpy_brigade_append(apr_bucket_brigade *bb, apr_bucket *b)
{
    APR_BRIGADE_INSERT_TAIL(bb, b);
}

void mpy_brigade_concat(apr_bucket_brigade *a, apr_bucket_brigade *b)
{
    APR_BRIGADE_CONCAT(a, b);
}

apr_bucket *mpy_bucket_next(const apr_bucket *b)
{
    return APR_BUCKET_NEXT(b);
}

void mpy_bucket_remove(apr_bucket *b)
{
    APR_BUCKET_REMOVE(b);
}

apr_status_t mpy_bucket_split(apr_bucket *b, apr_size_t point)
{
    return apr_bucket_split(b, point);
}

const char *mpy_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r, const char *name)
{
    return ap_ssl_var_lookup(p, s, c, r, name);
}

int mpy_ssl_is_https(conn_rec *c)
{
    return ap_ssl_conn_is_ssl(c);
}

void mpy_authn_cache_password(request_rec *r, const char *user, const char *password)
{
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    APR_OPTIONAL_FN_TYPE(ap_authn_cache_store) *store = APR_RETRIEVE_OPTIONAL_FN(ap_authn_cache_store);
    unsigned char random[8];
    char salt[sizeof(random) + 1], hash[120];
    apr_size_t i;

    if (store == NULL || apr_generate_random_bytes(random, sizeof(random)) != APR_SUCCESS) {
        return;
    }
    for (i = 0; i < sizeof(random); i++) {
        salt[i] = digits[random[i] & 63];
    }
    salt[i] = '\0';
    if (apr_md5_encode(password, salt, hash, sizeof(hash)) == APR_SUCCESS) {
        store(r, "python", user, NULL, hash);
    }
}

void mpy_authn_cache_hash(request_rec *r, const char *user, const char *realm, const char *hash)
{
    APR_OPTIONAL_FN_TYPE(ap_authn_cache_store) *store = APR_RETRIEVE_OPTIONAL_FN(ap_authn_cache_store);
    if (store != NULL) {
        store(r, "python", user, realm, hash);
    }
}

void mpy_hook_status(int (*hook)(request_rec *r, int flags))
{
    APR_OPTIONAL_HOOK(ap, status_hook, hook, NULL, NULL, APR_HOOK_MIDDLE);
}

int mpy_register_rewrite_map(const char *name, mpy_map_function function)
{
    APR_OPTIONAL_FN_TYPE(ap_register_rewrite_mapfunc) *add = APR_RETRIEVE_OPTIONAL_FN(ap_register_rewrite_mapfunc);
    if (add == NULL) {
        return 0;
    }
    add((char *)name, function);
    return 1;
}

void mpy_register_log_item(apr_pool_t *p, const char *tag, mpy_log_function function)
{
    APR_OPTIONAL_FN_TYPE(ap_register_log_handler) *add = APR_RETRIEVE_OPTIONAL_FN(ap_register_log_handler);
    if (add != NULL) {
        add(p, (char *)tag, function, 0);
    }
}

static APR_OPTIONAL_FN_TYPE(ap_ssi_get_tag_and_value) *next_attribute;

int mpy_register_ssi_element(const char *name,
                             apr_status_t (*run)(include_ctx_t *ctx, ap_filter_t *f, apr_bucket_brigade *bb))
{
    APR_OPTIONAL_FN_TYPE(ap_register_include_handler) *add = APR_RETRIEVE_OPTIONAL_FN(ap_register_include_handler);
    next_attribute = APR_RETRIEVE_OPTIONAL_FN(ap_ssi_get_tag_and_value);
    if (add == NULL || next_attribute == NULL) {
        return 0;
    }
    add((char *)name, run);
    return 1;
}

void mpy_ssi_next_attribute(include_ctx_t *ctx, char **name, char **value)
{
    *name = *value = NULL;
    next_attribute(ctx, name, value, SSI_VALUE_DECODED);
}

void mpy_ssi_append_error(include_ctx_t *ctx, ap_filter_t *f, apr_bucket_brigade *bb)
{
    SSI_CREATE_ERROR_BUCKET(ctx, f, bb);
}
