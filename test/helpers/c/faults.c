// faults RECORD ACTION ROLE CALL NTH PROGRAM ARGUMENT...
//
// Executes a program in its own process, and beside it, from the moment that the program has loaded
// begin-faults.node, watches the system calls of a start: each is held up by seccomp, and goes on, or
// fails, or is the end of its process. Nothing is traced, so that a process can be forked with its
// threads; and whoever comes of the program is watched as well.
//
// ACTION is "none", "kill", or the number of an errno: what becomes of the NTH (from 1) CALL of ROLE.
// The roles are
//
//     launcher, session, daemon    a process's main thread
//     probe                        that of the child by whose mappings the heap is found
//     rerun                        the daemon's, once it has executed the program anew
//     parked, revived              the launcher's and the daemon's other threads, in our own code alone
//
// The start is over for the daemon when it reports that it is ready, for the launcher when it exits,
// and in the foreground when the process sends itself the signal 0.
// One line a call of the start is written to the file RECORD:
//
//     ROLE CALL NTH PROCESS ARGUMENT ARGUMENT ARGUMENT TEXT
//
// where CALL is the name, and for calls that are many in one the number of that which is called
// ("prctl.36"), TEXT the path, or where the descriptor leads; and a line "hit" behind the call that failed.
// Held up is every call, for as long as the processes live: this one ends after the last of them.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// Of Linux 6.6: the watcher and the watched take turns on one processor.
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

// By which begin-faults.node tells that it is done.
#define BEGIN_MARK 0x7a17

struct call {
  int number;
  const char *name;
  int descriptor;  // which argument is one, -1: none
  int path;
};
#define PLAIN(name) {SYS_##name, #name, -1, -1}
#define ON_FD(name) {SYS_##name, #name, 0, -1}
#define ON_PATH(name, at) {SYS_##name, #name, -1, at}
static const struct call calls[] = {
#ifdef __x86_64__
    ON_PATH(open, 0),      ON_PATH(access, 0),     ON_PATH(readlink, 0),  ON_PATH(stat, 0),
    ON_PATH(lstat, 0),     ON_PATH(unlink, 0),     ON_PATH(rename, 0),    ON_PATH(mkdir, 0),
    ON_PATH(chmod, 0),     PLAIN(poll),            PLAIN(pipe),           ON_FD(dup2),
    ON_FD(epoll_wait),     PLAIN(fork),            PLAIN(vfork),          PLAIN(getpgrp),
    PLAIN(eventfd),        PLAIN(arch_prctl),
#endif
    ON_FD(read),           ON_FD(write),           ON_FD(pread64),        ON_FD(pwrite64),
    ON_FD(readv),          ON_FD(writev),          ON_FD(close),          ON_FD(fstat),
    ON_FD(lseek),          ON_FD(fcntl),           ON_FD(ioctl),          ON_FD(getdents64),
    ON_FD(ftruncate),      ON_FD(fchmod),          ON_FD(flock),          ON_FD(dup),
    ON_FD(dup3),           ON_FD(fchdir),          ON_FD(epoll_ctl),      ON_FD(epoll_pwait),
    ON_FD(sendto),         ON_FD(sendmsg),         ON_FD(recvmsg),        ON_FD(recvfrom),
    ON_FD(connect),        ON_FD(bind),            ON_FD(listen),         ON_FD(accept4),
    ON_FD(setsockopt),     ON_FD(getsockopt),      ON_FD(getsockname),    ON_FD(shutdown),
    ON_FD(io_uring_enter), ON_FD(io_uring_register), ON_FD(fsync),        ON_FD(fstatfs),
    ON_PATH(openat, 1),    ON_PATH(newfstatat, 1), ON_PATH(readlinkat, 1), ON_PATH(unlinkat, 1),
    ON_PATH(faccessat, 1), ON_PATH(faccessat2, 1), ON_PATH(statx, 1),     ON_PATH(execve, 0),
    ON_PATH(chdir, 0),     ON_PATH(chroot, 0),     ON_PATH(mkdirat, 1),   ON_PATH(statfs, 0),
    PLAIN(futex),          PLAIN(mmap),            PLAIN(munmap),         PLAIN(mprotect),
    PLAIN(madvise),        PLAIN(mincore),         PLAIN(mremap),         PLAIN(brk),
    PLAIN(pipe2),          PLAIN(socket),          PLAIN(socketpair),     PLAIN(eventfd2),
    PLAIN(epoll_create1),  PLAIN(signalfd4),       PLAIN(memfd_create),   PLAIN(io_uring_setup),
    PLAIN(clone),          PLAIN(clone3),          PLAIN(wait4),          PLAIN(waitid),
    PLAIN(exit),           PLAIN(exit_group),      PLAIN(kill),           PLAIN(tgkill),
    PLAIN(tkill),          PLAIN(rt_sigaction),    PLAIN(rt_sigprocmask), PLAIN(rt_sigreturn),
    PLAIN(rt_sigsuspend),  PLAIN(rt_tgsigqueueinfo), PLAIN(sigaltstack),  PLAIN(ppoll),
    PLAIN(prctl),          PLAIN(prlimit64),       PLAIN(setsid),         PLAIN(getpgid),
    PLAIN(getsid),         PLAIN(getpid),          PLAIN(gettid),         PLAIN(getppid),
    PLAIN(getuid),         PLAIN(geteuid),         PLAIN(getgid),         PLAIN(getegid),
    PLAIN(getgroups),      PLAIN(getresuid),       PLAIN(getresgid),      PLAIN(setgroups),
    PLAIN(setresuid),      PLAIN(setresgid),       PLAIN(setuid),         PLAIN(setgid),
    PLAIN(umask),          PLAIN(setpriority),     PLAIN(getpriority),    PLAIN(set_tid_address),
    PLAIN(set_robust_list), PLAIN(get_robust_list), PLAIN(rseq),          PLAIN(sched_getattr),
    PLAIN(sched_setattr),  PLAIN(sched_getaffinity), PLAIN(sched_setaffinity), PLAIN(sched_yield),
    PLAIN(clock_gettime),  PLAIN(clock_nanosleep), PLAIN(nanosleep),      PLAIN(getcwd),
    PLAIN(getrandom),      PLAIN(uname),           PLAIN(sysinfo),        PLAIN(capget),
    PLAIN(pidfd_open),     PLAIN(pidfd_send_signal), PLAIN(close_range),  PLAIN(process_vm_readv),
    PLAIN(membarrier),     PLAIN(getrusage),       PLAIN(pkey_alloc),     PLAIN(restart_syscall),
};
#define CALLS (sizeof calls / sizeof *calls)

enum role { LAUNCHER, PROBE, SESSION, DAEMON, RERUN, PARKED, REVIVED, NOBODY, ROLES };
static const char *const role_names[] = {"launcher", "probe",  "session", "daemon",
                                         "rerun",    "parked", "revived"};

struct thread {
  int id, process;
};

struct process {
  int id;
  enum role role;
};

static struct process processes[64];
static int process_count;
static unsigned long last_clone;  // of the launcher: its flags
static struct thread threads[1024];
static int thread_count;
static unsigned counts[ROLES][512][64];

static int has_begun, is_executing, is_executed, is_ready, is_over, is_spent;
static const char *wanted_action, *wanted_role, *wanted_call;
static unsigned wanted_nth;
static FILE *record;

static int process_of(int thread) {
  char path[64], line[256];
  int process = 0;
  for (int i = 0; i < thread_count; i++)
    if (threads[i].id == thread) return threads[i].process;
  snprintf(path, sizeof path, "/proc/%d/status", thread);
  FILE *file = fopen(path, "re");
  while (file != NULL && process == 0 && fgets(line, sizeof line, file) != NULL)
    sscanf(line, "Tgid: %d", &process);
  if (file != NULL) fclose(file);
  if (process != 0 && thread_count < 1024) threads[thread_count++] = (struct thread){thread, process};
  return process;
}

static int is_known(enum role role) {
  for (int i = 0; i < process_count; i++)
    if (processes[i].role == role) return 1;
  return 0;
}

// As a process is first seen. The session process shares the launcher's memory, and makes the daemon.
static enum role role_of_new(void) {
  if (!is_known(LAUNCHER)) return LAUNCHER;
  if (is_known(DAEMON)) return NOBODY;
  if (is_known(SESSION)) return DAEMON;
  return (last_clone & CLONE_VM) != 0 ? SESSION : PROBE;
}

// That of its main thread.
static enum role role_of_process(int process) {
  for (int i = 0; i < process_count; i++)
    if (processes[i].id == process) return processes[i].role;
  if (process_count == 64) return NOBODY;
  processes[process_count].role = role_of_new();
  processes[process_count].id = process;
  return processes[process_count++].role;
}

// Where the daemon is, there is what the launcher has mapped.
static int is_in_our_code(int process, uint64_t address) {
  static struct {
    uint64_t start, end;
  } ours[16];
  static int known;
  char path[64], line[4096];
  if (!known) {
    snprintf(path, sizeof path, "/proc/%d/maps", process);
    FILE *maps = fopen(path, "re");
    int found = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
      if (strstr(line, "/tsdaemon.node") != NULL && found < 15 &&
          sscanf(line, "%lx-%lx", &ours[found].start, &ours[found].end) == 2)
        found++;
    if (maps != NULL) fclose(maps);
    known = found > 0;
  }
  for (int i = 0; i < 16; i++)
    if (address >= ours[i].start && address < ours[i].end) return 1;
  return 0;
}

static enum role role_of(int thread, int process, const struct seccomp_data *data) {
  const enum role role = role_of_process(process);
  if (thread == process) return role == DAEMON && is_executed ? RERUN : role;
  if (is_executed || !is_in_our_code(process, data->instruction_pointer)) return NOBODY;
  return role == LAUNCHER ? PARKED : role == DAEMON ? REVIVED : NOBODY;
}

static const struct call *call_of(int number) {
  for (unsigned i = 0; i < CALLS; i++)
    if (calls[i].number == number) return &calls[i];
  return NULL;
}

// Some calls are many: which of them.
static int command_of(const struct seccomp_data *data) {
  if (data->nr == SYS_futex) return (int)data->args[1] & 63;
  if (data->nr == SYS_prctl) return (int)data->args[0] & 63;
  if (data->nr == SYS_madvise) return (int)data->args[2] & 63;
  // Those that are Linux's own begin at 1024.
  if (data->nr == SYS_fcntl) return (int)(data->args[1] >= 1024 ? data->args[1] - 992 : data->args[1]) & 63;
  return -1;
}

// One that is not in the table goes by its number.
static void name_call(const struct call *call, const struct seccomp_data *data, char *name, size_t size) {
  const int command = command_of(data);
  if (call == NULL)
    snprintf(name, size, "%d", data->nr);
  else if (command < 0)
    snprintf(name, size, "%s", call->name);
  else
    snprintf(name, size, "%s.%d", call->name, command);
}

static void read_text(int thread, uint64_t address, char *text, size_t size) {
  // Not beyond the page, behind which nothing may be mapped.
  size_t length = 4096 - address % 4096 < size - 1 ? 4096 - address % 4096 : size - 1;
  struct iovec local = {text, length}, remote = {(void *)address, length};
  ssize_t got = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  text[got < 0 ? 0 : got] = '\0';
}

static void describe(int thread, const struct call *call, const struct seccomp_data *data, char *text,
                     size_t size) {
  char link[64];
  text[0] = '\0';
  if (call == NULL) return;
  if (call->path >= 0) read_text(thread, data->args[call->path], text, size);
  if (call->descriptor < 0) return;
  snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)data->args[call->descriptor]);
  ssize_t length = readlink(link, text, size - 1);
  text[length < 0 ? 0 : length] = '\0';
}

// native/core/status_channel.h
static int is_ready_report(int thread, const struct seccomp_data *data) {
  const uint32_t word_ready = 3;
  const uint64_t report_size = 24;
  uint32_t words[3] = {0};
  if (data->nr != SYS_write || data->args[2] != report_size) return 0;
  struct iovec local = {words, sizeof words}, remote = {(void *)data->args[1], sizeof words};
  return process_vm_readv(thread, &local, 1, &remote, 1, 0) == sizeof words &&
         words[0] == word_ready && words[1] == 0 && words[2] == 0;
}

// By which a program in the foreground tells that it is ready: it looks whether it is alive.
static int is_end_mark(int process, const struct seccomp_data *data) {
  return data->nr == SYS_kill && (int)data->args[0] == process && data->args[1] == 0;
}

// Whether this very call is to have a fault.
static int count(int thread, const struct seccomp_data *data) {
  const int process = process_of(thread);
  if (process == 0) return 0;
  const enum role of_process = role_of_process(process);
  if (of_process == DAEMON && thread == process) {
    if (is_executing && data->nr == SYS_brk) is_executed = 1;
    is_executing = data->nr == SYS_execve;
  }
  if (of_process == LAUNCHER && data->nr == SYS_clone) last_clone = data->args[0];
  const enum role role = role_of(thread, process, data);
  if (role == NOBODY || is_over || (is_ready && role != LAUNCHER)) return 0;
  const struct call *call = call_of(data->nr);
  const int command = command_of(data);
  const unsigned nth = ++counts[role][data->nr & 511][command < 0 ? 0 : command];
  char name[64];
  name_call(call, data, name, sizeof name);
  const int is_it = !is_spent && wanted_nth == nth && strcmp(wanted_role, role_names[role]) == 0 &&
                    strcmp(wanted_call, name) == 0;
  if (role == LAUNCHER && (data->nr == SYS_exit_group || is_end_mark(process, data))) is_over = 1;
  if (role >= DAEMON && is_ready_report(thread, data)) is_ready = 1;
  if (strcmp(wanted_action, "none") == 0 || is_it) {
    char text[256];
    describe(thread, call, data, text, sizeof text);
    for (char *at = text; *at != '\0'; at++)
      if (*at == '\n') *at = ' ';
    fprintf(record, "%s %s %u %d %lx %lx %lx %s\n", role_names[role], name, nth, process,
            (long)data->args[0], (long)data->args[1], (long)data->args[2], text);
  }
  if (is_it) fprintf(record, "hit\n");
  is_spent |= is_it;
  return is_it;
}

static void answer(int listener, const struct seccomp_notif *notif) {
  struct seccomp_notif_resp response = {.id = notif->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  const int thread = (int)notif->pid;
  if (!has_begun) {
    has_begun = notif->data.nr == SYS_close && (int)notif->data.args[0] == BEGIN_MARK;
    if (has_begun) role_of_process(process_of(thread));
  } else if (count(thread, &notif->data)) {
    if (strcmp(wanted_action, "kill") == 0) {
      kill(process_of(thread), SIGKILL);
      return;
    }
    response.flags = 0;
    response.error = -atoi(wanted_action);
  }
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int receive_listener(int channel) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec data = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  int listener;
  memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
  return listener;
}

static void watch(int channel) {
  const int listener = receive_listener(channel);
  if (listener < 0) return;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  for (;;) {
    struct seccomp_notif notif = {0};
    struct pollfd waiting = {listener, POLLIN, 0};
    if (poll(&waiting, 1, -1) < 0 && errno != EINTR) break;
    if ((waiting.revents & POLLIN) != 0) {
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) == 0) answer(listener, &notif);
    } else if ((waiting.revents & POLLHUP) != 0) {
      break;
    }
  }
}

int main(int argc, char **argv) {
  int ends[2];
  char number[16];
  if (argc < 7) return 2;
  wanted_action = argv[2];
  wanted_role = argv[3];
  wanted_call = argv[4];
  wanted_nth = (unsigned)atoi(argv[5]);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 2;

  // No child of the program's, for which a start would be refused.
  const pid_t between = fork();
  if (between < 0) return 2;
  if (between == 0) {
    if (fork() != 0) _exit(0);
    setsid();
    close(ends[1]);
    record = fopen(argv[1], "we");
    if (record != NULL) setlinebuf(record);
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    if (record != NULL) watch(ends[0]);
    return 0;
  }
  waitpid(between, NULL, 0);
  close(ends[0]);
  snprintf(number, sizeof number, "%d", ends[1]);
  setenv("FAULTS_FD", number, 1);
  // One that the program inherits.
  if (open("/", O_RDONLY | O_DIRECTORY) < 0) return 2;
  execvp(argv[6], argv + 6);
  return 127;
}
