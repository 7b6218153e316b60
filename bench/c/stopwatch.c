// Times a command that starts a server in the background, as whoever typed it sees it:
//
//   stopwatch PORT BEFORE COMMAND
//
// BEFORE, if it is not empty, is run first and is not timed. Prints an array of JSON:
// [prompt ms, first answer ms, whether it was ready at the prompt, CPU ms, PSS kB, processes left].
// Everything that was started has ended when this does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { max_processes = 64 };

// How often the server is tried, in nanoseconds.
static const long interval = 250 * 1000;
static const double deadline = 60e3;
// Until what is left is at rest, in nanoseconds: caches are dropped, compilations end.
static const long rest = 300 * 1000 * 1000;

struct list {
  int count;
  pid_t pids[max_processes];
};

static double milliseconds(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) return 0;
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static pid_t run(const char* command) {
  pid_t pid = fork();
  if (pid < 0) err(2, "fork");
  if (pid > 0) return pid;
  int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  close(null);
  execl("/bin/sh", "sh", "-c", command, (char*)NULL);
  _exit(127);
}

// proc_tid_children(5); each process before its own children.
static void add_descendants(pid_t pid, struct list* list) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR* tasks = opendir(path);
  if (tasks == NULL) return;
  for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.') continue;
    char children[384];
    snprintf(children, sizeof children, "%s/%s/children", path, task->d_name);
    FILE* file = fopen(children, "re");
    if (file == NULL) continue;
    for (int child; list->count < max_processes && fscanf(file, "%d", &child) == 1;) {
      list->pids[list->count++] = child;
      add_descendants(child, list);
    }
    fclose(file);
  }
  closedir(tasks);
}

static struct list descendants(void) {
  struct list list = {0};
  add_descendants(getpid(), &list);
  return list;
}

// Of the children that it has waited for: the sixteenth and the seventeenth field of proc_pid_stat(5).
static double reaped_by(pid_t pid) {
  char path[64], text[1024] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE* file = fopen(path, "re");
  if (file == NULL) return 0;
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  const char* end = strrchr(text, ')');
  long user = 0, system = 0;
  if (end != NULL)
    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &user, &system);
  return (user + system) * 1e3 / sysconf(_SC_CLK_TCK);
}

// Of all that was started, running or not.
static double cpu(void) {
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  double sum = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
               (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
  const struct list list = descendants();
  for (int i = 0; i < list.count; ++i) {
    clockid_t clock;
    if (clock_getcpuclockid(list.pids[i], &clock) == 0) sum += milliseconds(clock);
    sum += reaped_by(list.pids[i]);
  }
  return sum;
}

static long pss(pid_t pid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE* file = fopen(path, "re");
  long size = 0;
  if (file == NULL) return 0;
  while (fgets(line, sizeof line, file) != NULL && sscanf(line, "Pss: %ld", &size) != 1) {
  }
  fclose(file);
  return size;
}

static int try_server(int port) {
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((unsigned short)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) err(2, "socket");
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) == 0 &&
      send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0)
    return fd;
  close(fd);
  return -1;
}

static bool is_answered(int fd) {
  char answer[1024];
  return recv(fd, answer, sizeof answer, 0) > 0;
}

static void end_everything(void) {
  do {
    const struct list list = descendants();
    for (int i = 0; i < list.count; ++i) kill(list.pids[i], SIGKILL);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  } while (waitpid(-1, NULL, WNOHANG) == 0);
}

int main(int argc, char** argv) {
  if (argc != 4) errx(2, "stopwatch PORT BEFORE COMMAND");
  const int port = atoi(argv[1]);
  // Whatever detaches itself becomes our child.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (argv[2][0] != '\0') waitpid(run(argv[2]), NULL, 0);
  const double cpu_before = cpu(), begin = milliseconds(CLOCK_MONOTONIC);

  const pid_t shell = run(argv[3]);
  const int process = (int)syscall(SYS_pidfd_open, shell, 0);
  if (process < 0) err(2, "pidfd_open");
  double prompt = 0, answer = 0, now = 0;
  bool ready = false;
  int status = 0, connection = -1;
  while ((prompt == 0 || answer == 0) && now < deadline) {
    struct pollfd fds[] = {{prompt == 0 ? process : -1, POLLIN, 0}, {connection, POLLIN, 0}};
    const struct timespec timeout = {0, interval};
    ppoll(fds, 2, &timeout, NULL);
    now = milliseconds(CLOCK_MONOTONIC) - begin;
    if (fds[1].revents != 0) {
      if (is_answered(connection))
        answer = now;
      close(connection);
      connection = -1;
    }
    if (connection < 0 && answer == 0) connection = try_server(port);
    if (fds[0].revents != 0) {
      prompt = now;
      ready = answer != 0 || connection >= 0;
      waitpid(shell, &status, 0);
    }
  }
  if (prompt != 0 && answer != 0 && status == 0) {
    nanosleep(&(struct timespec){0, rest}, NULL);
    const double cpu_used = cpu() - cpu_before;
    const struct list left = descendants();
    long memory = 0;
    for (int i = 0; i < left.count; ++i) memory += pss(left.pids[i]);
    printf("[%.3f,%.3f,%s,%.3f,%ld,%d]\n", prompt, answer, ready ? "true" : "false", cpu_used,
           memory, left.count);
  }
  end_everything();
  if (status != 0) errx(1, "the command ended with the status %d", status);
  if (prompt == 0 || answer == 0) errx(1, "waited in vain for %s", answer ? "its end" : "an answer");
  return 0;
}
