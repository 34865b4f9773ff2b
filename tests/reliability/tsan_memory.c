/* What newer compilers call in code for ThreadSanitizer, for an older libtsan that only watches the C library's own
   functions; and what it has to know of APR's pools. Compiled by tests/reliability/memory.sh with -fno-builtin, loaded after
   libtsan. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

/* Of libtsan: nobody has used this memory before. */
void AnnotateNewMemory(char *file, int line, void *memory, size_t size);

/* The MPMs pass pools from thread to thread by atomic operations, which ThreadSanitizer does not see in their code: what a pool
   gives out is new all the same. */
void *apr_palloc(void *pool, size_t size) {
    static void *(*next)(void *, size_t);
    if (!next)
        next = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "apr_palloc");
    void *memory = next(pool, size);
    if (memory)
        AnnotateNewMemory(__FILE__, __LINE__, memory, size);
    return memory;
}

void *__tsan_memcpy(void *to, const void *from, size_t size) {
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size) {
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size) {
    return memset(to, byte, size);
}
