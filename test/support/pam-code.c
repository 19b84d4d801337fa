/* A PAM module for tests: asks aloud for the code 123456. Arguments:
 *   two     asks for the password and the code in one call, with a text between
 *   crash   crashes
 *   rename  makes another user of the one who is asked for
 *   odd     sends a message of a style that is neither a question nor a text */
#include <stdlib.h>
#include <string.h>

struct pam_message { int style; const char *text; };
struct pam_response { char *text; int code; };
struct pam_conv { int (*ask)(int, const struct pam_message **, struct pam_response **, void *); void *data; };
int pam_get_item(const void *handle, int item, const void **value);
int pam_set_item(void *handle, int item, const void *value);

enum { SUCCESS = 0, AUTH_ERR = 7, USER = 2, CONV = 5, ECHO_OFF = 1, ECHO_ON = 2, TEXT_INFO = 4, ODD = 99 };

int pam_sm_authenticate(void *handle, int flags, int argc, const char **argv) {
  const char *how = argc > 0 ? argv[0] : "";
  struct pam_message password = { ECHO_OFF, "Both: " }, text = { TEXT_INFO, "and" }, code = { ECHO_ON, "Code: " }, odd = { ODD, "?" };
  const struct pam_message *two[] = { &password, &text, &code }, *one[] = { &code }, *strange[] = { &code, &odd };
  struct pam_response *answers = NULL;
  const struct pam_conv *conv;
  const void *item;
  int count, asked, result;
  (void)flags;
  if (strcmp(how, "crash") == 0) abort();
  if (strcmp(how, "rename") == 0) return pam_set_item(handle, USER, "root");
  if (pam_get_item(handle, CONV, &item) != SUCCESS) return AUTH_ERR;
  conv = item;
  count = strcmp(how, "two") == 0 ? 3 : strcmp(how, "odd") == 0 ? 2 : 1;
  asked = conv->ask(count, count == 3 ? two : count == 2 ? strange : one, &answers, conv->data);
  if (asked != SUCCESS) return asked;
  if (answers == NULL) return AUTH_ERR;
  result = answers[count - 1].text && strcmp(answers[count - 1].text, "123456") == 0 ? SUCCESS : AUTH_ERR;
  if (count == 3 && (answers[1].text || strcmp(answers[0].text, "both") != 0)) result = AUTH_ERR;
  for (; count-- > 0;) free(answers[count].text);
  free(answers);
  return result;
}

int pam_sm_setcred(void *handle, int flags, int argc, const char **argv) {
  (void)handle; (void)flags; (void)argc; (void)argv;
  return SUCCESS;
}
