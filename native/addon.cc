#include <napi.h>

#include "core/daemonize.h"
#include "core/status_channel.h"

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
  object.Set("waitStatus", failure.wait_status);
  return object;
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
  return object;
}

Napi::Value obstacle(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), obstacle_names[static_cast<size_t>(find_obstacle())]);
}

// reportReady(statusFd): tells the launcher, and closes the channel.
void report_ready(const Napi::CallbackInfo& info) {
  const ScopedFd channel(info[0].As<Napi::Number>().Int32Value());
  StatusChannel::write(channel.get(), {Report::Word::ready, Step::none_, 0, 0});
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("daemonize", Napi::Function::New(env, daemonize, "daemonize"));
  exports.Set("obstacle", Napi::Function::New(env, obstacle, "obstacle"));
  exports.Set("reportReady", Napi::Function::New(env, report_ready, "reportReady"));
  return exports;
}

}  // namespace

NODE_API_MODULE(tsdaemon, initialize)

}  // namespace tsdaemon
