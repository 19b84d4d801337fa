// Three things that the kernel of User Mode Linux 6.1, which this is preloaded into, does not do by itself.
//
// Makes a suspend of the machine last. The kernel can suspend to memory, but sleeps only while a timer is armed (os_idle_sleep in
// arch/um/os-Linux/time.c), and a suspend has disarmed it: it wakes at once. This tells it that a disarmed timer is armed, and lets
// nothing but SIGUSR1, its own wake-up signal, end that sleep. When it wakes, the real-time clock, by which the kernel counts a
// suspend, goes on by as many seconds as stand in the file that AFKILL_LEAP names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Makes a reboot possible: the kernel then starts its own program again, with all that it has open, and its network device can be
// opened only once.
__attribute__((constructor)) static void close_what_is_left(void) { close_range(3, ~0U, 0); }

static int disarmed;
static int suspended;
static long leapt;

static void leap(void) {
  const char *path = getenv("AFKILL_LEAP");
  FILE *file = path ? fopen(path, "re") : NULL;
  long seconds = 0;
  if (file && fscanf(file, "%ld", &seconds) == 1) leapt += seconds;
  if (file) fclose(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*next)(clockid_t, struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "clock_gettime");
  int result = next(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += leapt;
  return result;
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old) {
  static int (*next)(timer_t, int, const struct itimerspec *, struct itimerspec *);
  if (!next) next = dlsym(RTLD_NEXT, "timer_settime");
  disarmed = value->it_value.tv_sec == 0 && value->it_value.tv_nsec == 0;
  return next(timer, flags, value, old);
}

int timer_gettime(timer_t timer, struct itimerspec *value) {
  static int (*next)(timer_t, struct itimerspec *);
  if (!next) next = dlsym(RTLD_NEXT, "timer_gettime");
  int result = next(timer, value);
  suspended = result == 0 && disarmed;
  if (suspended) value->it_value.tv_nsec = 1;
  return result;
}

int sigsuspend(const sigset_t *mask) {
  static int (*next)(const sigset_t *);
  if (!next) next = dlsym(RTLD_NEXT, "sigsuspend");
  if (!suspended) return next(mask);
  suspended = 0;
  sigset_t only;
  sigfillset(&only);
  sigdelset(&only, SIGUSR1);
  int result = next(&only);
  leap();
  return result;
}

static long (*next_ptrace)(enum __ptrace_request, pid_t, void *, void *);

// Makes it run on a processor whose registers take more room than it knows of, as those of AMX do. ptrace(2) gives as many of them as
// there is room for, but sets only all of them at once, and the kernel gives up. What it does not know of stays as it was.
static long set_registers(pid_t pid, void *kind, const struct iovec *known) {
  static unsigned char all[64 << 10] __attribute__((aligned(64)));
  struct iovec whole = {all, sizeof all};
  long result = next_ptrace(PTRACE_GETREGSET, pid, kind, &whole);
  if (result != 0 || whole.iov_len < known->iov_len) return -1;
  memcpy(all, known->iov_base, known->iov_len);
  return next_ptrace(PTRACE_SETREGSET, pid, kind, &whole);
}

long ptrace(enum __ptrace_request request, ...) {
  if (!next_ptrace) next_ptrace = dlsym(RTLD_NEXT, "ptrace");
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) return set_registers(pid, address, data);
  return next_ptrace(request, pid, address, data);
}
