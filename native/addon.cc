#include <fcntl.h>
#include <napi.h>
#include <unistd.h>
#include <uv.h>

#include "core/activation.h"
#include "core/control.h"
#include "core/daemonize.h"
#include "core/lock_file.h"
#include "core/notify.h"
#include "core/reexec.h"
#include "core/status_channel.h"
#include "core/stdio.h"

// The border: a plan in, a daemon or a failed step out. src/binding.ts is its other side.
namespace tsdaemon {

namespace {

int int_of(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

template <typename T>
std::vector<T> list_of(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<T> list;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    if constexpr (std::is_same_v<T, int>)
      list.push_back(int_of(array.Get(i)));
    else
      list.push_back(array.Get(i).template As<Napi::String>());
  }
  return list;
}

// A new handle is watched by the loop's epoll set from the next turn of the loop on. To lose its
// descriptor before that would abort the process there.
std::vector<int> descriptors_of_handles(Napi::Env env) {
  std::vector<int> descriptors;
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return descriptors;
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* list) {
        uv_os_fd_t descriptor = -1;
        if (uv_fileno(handle, &descriptor) == 0)
          static_cast<std::vector<int>*>(list)->push_back(descriptor);
      },
      &descriptors);
  return descriptors;
}

// A path, a descriptor, null for /dev/null, undefined for what it is.
StreamTarget stream_target(const Napi::Value& value) {
  if (value.IsString()) return {StreamTarget::Kind::path, value.As<Napi::String>(), -1};
  if (value.IsNumber())
    return {StreamTarget::Kind::descriptor, {}, value.As<Napi::Number>().Int32Value()};
  return {value.IsNull() ? StreamTarget::Kind::null : StreamTarget::Kind::inherit, {}, -1};
}

Plan plan_of(const Napi::Object& object) {
  const auto text = [](const Napi::Object& from, const char* name) {
    return std::string(from.Get(name).As<Napi::String>());
  };
  const auto messages = object.Get("messages").As<Napi::Object>();
  Plan plan;
  plan.cwd = text(object, "cwd");
  plan.umask = object.Get("umask").As<Napi::Number>().Int32Value();
  plan.streams = {stream_target(object.Get("stdin")), stream_target(object.Get("stdout")),
                  stream_target(object.Get("stderr"))};
  plan.pid_file = text(object, "pidFile");
  plan.user = text(object, "user");
  plan.group = text(object, "group");
  plan.has_groups = object.Get("groups").IsArray();
  if (plan.has_groups) plan.groups = list_of<std::string>(object.Get("groups"));
  plan.chroot = text(object, "chroot");
  plan.limit_core = object.Get("limitCore").As<Napi::Number>().Int64Value();
  plan.limit_nofile = object.Get("limitNofile").As<Napi::Number>().Int64Value();
  plan.has_oom_score_adj = object.Get("oomScoreAdj").IsNumber();
  if (plan.has_oom_score_adj) plan.oom_score_adj = int_of(object.Get("oomScoreAdj"));
  plan.has_nice = object.Get("nice").IsNumber();
  if (plan.has_nice) plan.nice = int_of(object.Get("nice"));
  plan.allows_children = object.Get("allowsChildren").As<Napi::Boolean>();
  plan.closes_inherited = object.Get("closesInherited").As<Napi::Boolean>();
  plan.kept = list_of<int>(object.Get("kept"));
  plan.in_use = descriptors_of_handles(object.Env());
  plan.notify_socket = text(object, "notifySocket");
  plan.ready_timeout_ms = object.Get("readyTimeout").As<Napi::Number>().Int64Value();
  plan.exec_path = text(object, "execPath");
  plan.token = text(object, "token");
  plan.arguments = list_of<std::string>(object.Get("arguments"));
  plan.environment = list_of<std::string>(object.Get("environment"));
  plan.messages = {
      text(messages, "exited"),      text(messages, "killed"),       text(messages, "lost"),
      text(messages, "late"),        text(messages, "lateExtended"), text(messages, "unanswered"),
      text(messages, "interrupted"), text(messages, "waiting"),      text(messages, "ready")};
  return plan;
}

Napi::Value failure_object(Napi::Env env, const Failure& failure) {
  auto object = Napi::Object::New(env);
  object.Set("step", step_names[static_cast<size_t>(failure.step)]);
  object.Set("errno", failure.error);
  object.Set("obstacle", obstacle_names[static_cast<size_t>(failure.obstacle)]);
  object.Set("thread", failure.thread);
  object.Set("pid", failure.pid);
  object.Set("waitStatus", failure.wait_status);
  return object;
}

Napi::Value descriptor_array(Napi::Env env, const std::vector<int>& descriptors) {
  auto array = Napi::Array::New(env, descriptors.size());
  for (size_t i = 0; i < descriptors.size(); ++i)
    array.Set(static_cast<uint32_t>(i), descriptors[i]);
  return array;
}

Napi::Value daemon_object(Napi::Env env, const Daemonized& daemonized) {
  auto object = Napi::Object::New(env);
  object.Set("pid", daemonized.pid);
  object.Set("launcherPid", daemonized.launcher_pid);
  object.Set("statusFd", daemonized.status_fd);
  object.Set("finalStderr", daemonized.final_stderr);
  object.Set("pidFile", daemonized.pid_file);
  object.Set("pidDirectory", daemonized.pid_directory);
  object.Set("notifySocket", daemonized.notify_socket);
  object.Set("user", daemonized.user);
  object.Set("home", daemonized.home);
  object.Set("copies", descriptor_array(env, daemonized.copies));
  return object;
}

// isMainThread(): of the process. worker_threads says the same, and takes 2 ms to load.
Napi::Value is_main_thread(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), forkall::raw::gettid() == forkall::raw::getpid());
}

// Of the last start.
forkall::Timeline last_timeline;

// timeline(): for bench/ alone. When each part was over, in milliseconds of hrtime.
Napi::Value timeline(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  for (size_t i = 0; i < forkall::Timeline::count; ++i)
    object.Set(forkall::part_names[i], static_cast<double>(last_timeline.ends()[i]) / 1e6);
  return object;
}

// daemonize(plan), and stay(plan): a daemon, or the step that failed.
template <Failure (*start)(const Plan&, Daemonized*)>
Napi::Value start_by(const Napi::CallbackInfo& info) {
  const Plan plan = plan_of(info[0].As<Napi::Object>());
  Daemonized daemonized;
  const Failure failure = start(plan, &daemonized);
  last_timeline = daemonized.timeline;
  return failure ? failure_object(info.Env(), failure) : daemon_object(info.Env(), daemonized);
}

// daemonizeByExec(plan): the step that failed.
Napi::Value daemonize_by_exec(const Napi::CallbackInfo& info) {
  const Plan plan = plan_of(info[0].As<Napi::Object>());
  return failure_object(info.Env(), tsdaemon::daemonize_by_exec(plan));
}

// takeHanded(statusFd, finalStderr, pidFile, pidDirectory, kept): in the program that was executed
// anew.
void take_handed(const Napi::CallbackInfo& info) {
  Reexec::take({int_of(info[0]), int_of(info[1]), int_of(info[2]), int_of(info[3])},
               list_of<int>(info[4]));
}

Napi::Value obstacle(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), obstacle_names[static_cast<size_t>(find_obstacle())]);
}

// reportReady(statusFd, finalStderr, waits): from here on stderr is what it was to be, and nothing
// leads to the launcher, whose end may be waited for.
void report_ready(const Napi::CallbackInfo& info) {
  const ScopedFd channel(int_of(info[0]));
  const ScopedFd final_stderr(int_of(info[1]));
  StatusChannel::report_ready(channel.get());
  if (final_stderr.valid()) Stdio::leave_memory(final_stderr.get());
  if (info[2].As<Napi::Boolean>()) StatusChannel::await_reader_end(channel.get());
}

// reportError(statusFd, length): so many bytes, the last that were written to stderr.
void report_error(const Napi::CallbackInfo& info) {
  const off_t end = lseek(STDERR_FILENO, 0, SEEK_CUR);
  if (end < 0) return;
  StatusChannel::write(int_of(info[0]),
                       {Report::Word::error, Step::none_, 0, int_of(info[1]), end});
}

// extendStartTimeout(statusFd, milliseconds)
void extend_start_timeout(const Napi::CallbackInfo& info) {
  StatusChannel::report_extended(int_of(info[0]), int_of(info[1]));
}

// writePid(file): 0 or an errno.
Napi::Value write_pid(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), LockFile::write(int_of(info[0]), getpid()));
}

// removePidFile(file, directory, name): while it is locked; then it is not.
void remove_pid_file(const Napi::CallbackInfo& info) {
  const ScopedFd file(int_of(info[0]));
  const ScopedFd directory(int_of(info[1]));
  const std::string name = info[2].As<Napi::String>();
  LockFile::remove(file.get(), directory.get(), name.c_str());
}

// reopen(stream, path, copies): 0 or an errno.
Napi::Value reopen(const Napi::CallbackInfo& info) {
  const std::string path = info[1].As<Napi::String>();
  return Napi::Number::New(info.Env(), Stdio::reopen(int_of(info[0]), path, list_of<int>(info[2])));
}

// duplicate(from, to): `to` leads where `from` does.
void duplicate(const Napi::CallbackInfo& info) {
  dup3(int_of(info[0]), int_of(info[1]), O_CLOEXEC);
}

// connectNotifySocket(address): a descriptor, or a negated errno.
Napi::Value connect_notify_socket(const Napi::CallbackInfo& info) {
  const std::string address = info[0].As<Napi::String>();
  return Napi::Number::New(info.Env(), tsdaemon::connect_notify_socket(address));
}

// notify(socket, message, waits): 0 or an errno.
Napi::Value notify(const Napi::CallbackInfo& info) {
  const std::string message = info[1].As<Napi::String>();
  const bool waits = info[2].As<Napi::Boolean>();
  return Napi::Number::New(info.Env(), tsdaemon::notify(int_of(info[0]), message, waits));
}

Napi::Value is_addressed_socket(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), tsdaemon::is_addressed_socket(int_of(info[0])));
}

// closeOnExec(fd): 0 or an errno.
Napi::Value close_on_exec(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), tsdaemon::close_on_exec(int_of(info[0])));
}

// findDaemon(pidFile): what is seen; `process` is the caller's to close.
Napi::Value find_daemon(const Napi::CallbackInfo& info) {
  Sight sight = tsdaemon::find_daemon(std::string(info[0].As<Napi::String>()));
  auto object = Napi::Object::New(info.Env());
  object.Set("state", sight_names[static_cast<size_t>(sight.state)]);
  object.Set("pid", sight.pid);
  object.Set("errno", sight.error);
  object.Set("process", sight.process.release());
  return object;
}

// sendSignal(process, signal): 0 or an errno.
Napi::Value send_signal(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), tsdaemon::send_signal(int_of(info[0]), int_of(info[1])));
}

Napi::Value has_ended(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), tsdaemon::has_ended(int_of(info[0])));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("daemonize", Napi::Function::New(env, start_by<daemonize>, "daemonize"));
  exports.Set("daemonizeByExec", Napi::Function::New(env, daemonize_by_exec, "daemonizeByExec"));
  exports.Set("isMainThread", Napi::Function::New(env, is_main_thread, "isMainThread"));
  exports.Set("timeline", Napi::Function::New(env, timeline, "timeline"));
  exports.Set("takeHanded", Napi::Function::New(env, take_handed, "takeHanded"));
  exports.Set("stay", Napi::Function::New(env, start_by<stay>, "stay"));
  exports.Set("obstacle", Napi::Function::New(env, obstacle, "obstacle"));
  exports.Set("reportReady", Napi::Function::New(env, report_ready, "reportReady"));
  exports.Set("reportError", Napi::Function::New(env, report_error, "reportError"));
  exports.Set("extendStartTimeout",
              Napi::Function::New(env, extend_start_timeout, "extendStartTimeout"));
  exports.Set("writePid", Napi::Function::New(env, write_pid, "writePid"));
  exports.Set("removePidFile", Napi::Function::New(env, remove_pid_file, "removePidFile"));
  exports.Set("reopen", Napi::Function::New(env, reopen, "reopen"));
  exports.Set("duplicate", Napi::Function::New(env, duplicate, "duplicate"));
  exports.Set("connectNotifySocket",
              Napi::Function::New(env, connect_notify_socket, "connectNotifySocket"));
  exports.Set("notify", Napi::Function::New(env, notify, "notify"));
  exports.Set("isAddressedSocket",
              Napi::Function::New(env, is_addressed_socket, "isAddressedSocket"));
  exports.Set("closeOnExec", Napi::Function::New(env, close_on_exec, "closeOnExec"));
  exports.Set("findDaemon", Napi::Function::New(env, find_daemon, "findDaemon"));
  exports.Set("sendSignal", Napi::Function::New(env, send_signal, "sendSignal"));
  exports.Set("hasEnded", Napi::Function::New(env, has_ended, "hasEnded"));
  return exports;
}

}  // namespace

NODE_API_MODULE(tsdaemon, initialize)

}  // namespace tsdaemon
