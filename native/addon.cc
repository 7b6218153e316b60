#include <fcntl.h>
#include <napi.h>
#include <unistd.h>

#include "core/daemonize.h"
#include "core/lock_file.h"
#include "core/status_channel.h"
#include "core/stdio.h"

// The border: a plan in, a daemon or a failed step out. src/binding.ts is its other side.
namespace tsdaemon {

namespace {

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
  plan.ready_when_detached = object.Get("readyWhenDetached").As<Napi::Boolean>();
  plan.ready_timeout_ms = object.Get("readyTimeout").As<Napi::Number>().Int64Value();
  plan.messages = {text(messages, "exited"), text(messages, "killed"), text(messages, "lost"),
                   text(messages, "late"), text(messages, "interrupted")};
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

Napi::Value daemonize(const Napi::CallbackInfo& info) {
  const Plan plan = plan_of(info[0].As<Napi::Object>());
  Daemonized daemonized;
  const Failure failure = daemonize(plan, &daemonized);
  if (failure) return failure_object(info.Env(), failure);
  auto object = Napi::Object::New(info.Env());
  object.Set("pid", daemonized.pid);
  object.Set("launcherPid", daemonized.launcher_pid);
  object.Set("statusFd", daemonized.status_fd);
  object.Set("finalStderr", daemonized.final_stderr);
  object.Set("pidFile", daemonized.pid_file);
  object.Set("pidDirectory", daemonized.pid_directory);
  object.Set("copies", descriptor_array(info.Env(), daemonized.copies));
  return object;
}

Napi::Value obstacle(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), obstacle_names[static_cast<size_t>(find_obstacle())]);
}

int int_of(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

// reportReady(statusFd, finalStderr): from here on stderr is what it was to be, and nothing leads
// to the launcher.
void report_ready(const Napi::CallbackInfo& info) {
  const ScopedFd channel(int_of(info[0]));
  const ScopedFd final_stderr(int_of(info[1]));
  if (final_stderr.valid()) dup2(final_stderr.get(), STDERR_FILENO);
  StatusChannel::write(channel.get(), {Report::Word::ready, Step::none_, 0, 0});
}

// extendStartTimeout(statusFd, milliseconds)
void extend_start_timeout(const Napi::CallbackInfo& info) {
  StatusChannel::write(int_of(info[0]), {Report::Word::extend, Step::none_, 0, int_of(info[1])});
}

// removePidFile(file, directory, name)
void remove_pid_file(const Napi::CallbackInfo& info) {
  const std::string name = info[2].As<Napi::String>();
  LockFile::remove(int_of(info[0]), int_of(info[1]), name.c_str());
}

// reopen(stream, path, copies): 0 or an errno.
Napi::Value reopen(const Napi::CallbackInfo& info) {
  const auto array = info[2].As<Napi::Array>();
  std::vector<int> copies;
  for (uint32_t i = 0; i < array.Length(); ++i) copies.push_back(int_of(array.Get(i)));
  const std::string path = info[1].As<Napi::String>();
  return Napi::Number::New(info.Env(), Stdio::reopen(int_of(info[0]), path, copies));
}

// duplicate(from, to): `to` leads where `from` does.
void duplicate(const Napi::CallbackInfo& info) {
  dup3(int_of(info[0]), int_of(info[1]), O_CLOEXEC);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("daemonize", Napi::Function::New(env, daemonize, "daemonize"));
  exports.Set("obstacle", Napi::Function::New(env, obstacle, "obstacle"));
  exports.Set("reportReady", Napi::Function::New(env, report_ready, "reportReady"));
  exports.Set("extendStartTimeout",
              Napi::Function::New(env, extend_start_timeout, "extendStartTimeout"));
  exports.Set("removePidFile", Napi::Function::New(env, remove_pid_file, "removePidFile"));
  exports.Set("reopen", Napi::Function::New(env, reopen, "reopen"));
  exports.Set("duplicate", Napi::Function::New(env, duplicate, "duplicate"));
  return exports;
}

}  // namespace

NODE_API_MODULE(tsdaemon, initialize)

}  // namespace tsdaemon
