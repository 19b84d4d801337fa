// Makes a suspend of the machine last. The kernel of User Mode Linux 6.1 can suspend to memory, but sleeps only while a timer is
// armed (os_idle_sleep in arch/um/os-Linux/time.c), and a suspend has disarmed it: it wakes at once. Preloaded into that kernel, this
// tells it that a disarmed timer is armed, and lets nothing but SIGUSR1, its own wake-up signal, end that sleep.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static int disarmed;
static int suspended;

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
  return next(&only);
}
