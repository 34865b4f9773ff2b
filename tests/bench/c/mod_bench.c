/* The C side of the instruction counts: handlers that do in C what the Python handlers of this
 * folder do, so that a row can be read as "what Python adds".  Loaded only by tests/bench/run.py.
 *
 *   SetHandler bench-hello         "Hello World!" as text/plain
 *   SetHandler bench-hello-flush   the same, flushed as req.write() flushes by default
 *   SetHandler bench-headers       ten request headers read twice, five response headers set
 *   SetHandler bench-write         1 MB by 256 ap_rwrite() calls of 4096 bytes
 *   SetHandler bench-read          the whole request body into memory, answers its length and ends
 *   SetHandler bench-dump          writes callgrind's counters and sets them to zero; the query
 *                                  string is the label of the dump
 *   SetOutputFilter BENCH-COPY     copies all data
 *   SetOutputFilter BENCH-UPPER    copies all data and turns each byte to upper case
 *   BenchAccess On                 an access_checker that reads one request header
 */
#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"
#include "apr_buckets.h"
#include "apr_lib.h"
#include "apr_strings.h"
#include <string.h>
#include <valgrind/callgrind.h>

#define READ_HEADERS 10
#define SET_HEADERS 5
#define BLOCK 4096
#define BLOCKS 256

extern module AP_MODULE_DECLARE_DATA bench_module;

typedef struct {
    int access;
} bench_dir_config;

static char block[BLOCK];

static const char *const read_names[READ_HEADERS] = {
    "Accept", "Accept-Language", "Accept-Charset", "User-Agent", "Referer",
    "Cookie", "Cache-Control", "Pragma", "DNT", "X-Forwarded-For"
};
static const char *const set_names[SET_HEADERS] = {
    "Cache-Control", "Content-Language", "X-Frame-Options", "Referrer-Policy", "X-Request-Id"
};

static int hello(request_rec *r, int flush)
{
    ap_set_content_type(r, "text/plain");
    ap_rwrite("Hello World!", 12, r);
    if (flush) {
        ap_rflush(r);
    }
    return OK;
}

static int headers(request_rec *r)
{
    const char *values[READ_HEADERS];
    apr_size_t length = 0;
    int i;

    for (i = 0; i < READ_HEADERS; i++) {
        values[i] = apr_table_get(r->headers_in, read_names[i]);
        length += values[i] ? strlen(values[i]) : 0;
    }
    for (i = 0; i < READ_HEADERS; i++) {
        values[i] = apr_table_get(r->headers_in, read_names[i]);
        length += values[i] ? strlen(values[i]) : 0;
    }
    ap_set_content_type(r, "text/plain");
    for (i = 0; i < SET_HEADERS; i++) {
        apr_table_set(r->headers_out, set_names[i], values[i] ? values[i] : "missing");
    }
    ap_rprintf(r, "%" APR_SIZE_T_FMT, length);
    ap_rflush(r);
    return OK;
}

static int write_blocks(request_rec *r)
{
    int i;

    ap_set_content_type(r, "application/octet-stream");
    for (i = 0; i < BLOCKS; i++) {
        ap_rwrite(block, BLOCK, r);
    }
    return OK;
}

static int read_body(request_rec *r)
{
    apr_size_t size, done = 0;
    char *body;
    long got;
    int rv = ap_setup_client_block(r, REQUEST_CHUNKED_ERROR);

    if (rv != OK) {
        return rv;
    }
    size = r->remaining > 0 ? (apr_size_t)r->remaining : 0;
    if (size == 0 || !ap_should_client_block(r)) {
        return HTTP_BAD_REQUEST;
    }
    body = malloc(size);
    if (body == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    while (done < size && (got = ap_get_client_block(r, body + done, size - done)) > 0) {
        done += (apr_size_t)got;
    }
    if (done != size) {
        free(body);
        return HTTP_BAD_REQUEST;
    }
    ap_set_content_type(r, "text/plain");
    ap_rprintf(r, "%" APR_SIZE_T_FMT ":%d:%d", done, body[0], body[done - 1]);
    ap_rflush(r);
    free(body);
    return OK;
}

static int dump(request_rec *r)
{
    /* Callgrind keeps the text it gets here only while it writes the file. */
    CALLGRIND_DUMP_STATS_AT(r->args ? r->args : "unnamed");
    ap_set_content_type(r, "text/plain");
    ap_rputs("dumped", r);
    return OK;
}

static int bench_handler(request_rec *r)
{
    if (r->handler == NULL || strncmp(r->handler, "bench-", 6) != 0) {
        return DECLINED;
    }
    if (!strcmp(r->handler, "bench-hello")) {
        return hello(r, 0);
    }
    if (!strcmp(r->handler, "bench-hello-flush")) {
        return hello(r, 1);
    }
    if (!strcmp(r->handler, "bench-headers")) {
        return headers(r);
    }
    if (!strcmp(r->handler, "bench-write")) {
        return write_blocks(r);
    }
    if (!strcmp(r->handler, "bench-read")) {
        return read_body(r);
    }
    if (!strcmp(r->handler, "bench-dump")) {
        return dump(r);
    }
    return DECLINED;
}

static apr_status_t copy_filter(ap_filter_t *f, apr_bucket_brigade *in, int upper)
{
    apr_bucket_brigade *out = apr_brigade_create(f->r->pool, f->c->bucket_alloc);
    apr_size_t i;

    while (!APR_BRIGADE_EMPTY(in)) {
        apr_bucket *b = APR_BRIGADE_FIRST(in);
        const char *data;
        char *copy;
        apr_size_t length;
        apr_status_t rv;

        if (APR_BUCKET_IS_METADATA(b)) {
            APR_BUCKET_REMOVE(b);
            APR_BRIGADE_INSERT_TAIL(out, b);
            continue;
        }
        rv = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        copy = apr_bucket_alloc(length, f->c->bucket_alloc);
        if (upper) {
            for (i = 0; i < length; i++) {
                copy[i] = apr_toupper(data[i]);
            }
        }
        else {
            memcpy(copy, data, length);
        }
        apr_bucket_delete(b);
        b = apr_bucket_heap_create(copy, length, apr_bucket_free, f->c->bucket_alloc);
        APR_BRIGADE_INSERT_TAIL(out, b);
    }
    return ap_pass_brigade(f->next, out);
}

static apr_status_t filter_copy(ap_filter_t *f, apr_bucket_brigade *in)
{
    return copy_filter(f, in, 0);
}

static apr_status_t filter_upper(ap_filter_t *f, apr_bucket_brigade *in)
{
    return copy_filter(f, in, 1);
}

static int bench_access(request_rec *r)
{
    const bench_dir_config *conf = ap_get_module_config(r->per_dir_config, &bench_module);

    if (conf->access != 1) {
        return DECLINED;
    }
    return apr_table_get(r->headers_in, "X-Bench-Pass") ? OK : HTTP_FORBIDDEN;
}

static void *create_dir_config(apr_pool_t *p, char *path)
{
    bench_dir_config *conf = apr_palloc(p, sizeof *conf);

    (void)path;
    conf->access = -1;
    return conf;
}

static void *merge_dir_config(apr_pool_t *p, void *outer, void *inner)
{
    const bench_dir_config *base = outer, *add = inner;
    bench_dir_config *conf = apr_palloc(p, sizeof *conf);

    conf->access = add->access == -1 ? base->access : add->access;
    return conf;
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    memset(block, 'x', sizeof block);
    ap_hook_handler(bench_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_register_output_filter("BENCH-COPY", filter_copy, NULL, AP_FTYPE_RESOURCE);
    ap_register_output_filter("BENCH-UPPER", filter_upper, NULL, AP_FTYPE_RESOURCE);
    ap_hook_access_checker(bench_access, NULL, NULL, APR_HOOK_MIDDLE);
}

static const command_rec commands[] = {
    AP_INIT_FLAG("BenchAccess", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(bench_dir_config, access), ACCESS_CONF,
                 "On: every request needs the header X-Bench-Pass"),
    { NULL }
};

AP_DECLARE_MODULE(bench) = {
    STANDARD20_MODULE_STUFF, create_dir_config, merge_dir_config, NULL, NULL, commands,
    register_hooks, 0
};
