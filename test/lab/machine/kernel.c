// Two things that the kernel of User Mode Linux 6.1, which this is preloaded into, does not do by itself.
//
// Makes a suspend of the machine last. The kernel can suspend to memory, but sleeps only while a timer is armed (os_idle_sleep in
// arch/um/os-Linux/time.c), and a suspend has disarmed it: it wakes at once. This tells it that a disarmed timer is armed, and lets
// nothing but SIGUSR1, its own wake-up signal, end that sleep. When it wakes, the real-time clock, by which the kernel counts a
// suspend, goes on by as many seconds as stand in the file that AFKILL_LEAP names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
