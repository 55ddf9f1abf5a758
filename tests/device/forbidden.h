/* Included before every device source of the freestanding build: what a device must not call does not compile. */
#pragma GCC poison malloc calloc realloc free alloca printf fprintf sprintf snprintf puts abort exit assert
