{
  'variables': {
    # 1 adds the native test executable: node-gyp configure -- -Dnative_tests=1
    'native_tests%': 0,
  },
  'target_defaults': {
    'include_dirs': ['native'],
    'cflags': ['-Wall', '-Wextra', '-Wunused-parameter', '-Werror', '-fvisibility=hidden'],
    'cflags_cc': ['-std=gnu++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden'],
    'ldflags': ['-Wl,-z,now'],
  },
  'targets': [
    {
      # Runs while threads are parked. It may need no part of the libstdc++ run time, so no guarded
      # statics; and no stack protector, whose canary lives in a thread block that is not always there.
      'target_name': 'forkall',
      'type': 'static_library',
      'sources': [
        'native/core/forkall/arch/x86_64.cc',
        'native/core/forkall/forkall.cc',
        'native/core/forkall/lock_owners.cc',
        'native/core/forkall/mappings.cc',
        'native/core/forkall/thread_block.cc',
        'native/core/forkall/thread_state.cc',
        'native/core/forkall/threads.cc',
      ],
      'cflags_cc': ['-fno-threadsafe-statics', '-fno-stack-protector'],
    },
    {
      # Knows no Node-API and no JavaScript.
      'target_name': 'core',
      'type': 'static_library',
      'dependencies': ['forkall'],
      'export_dependent_settings': ['forkall'],
      'sources': [
        'native/core/daemonize.cc',
        'native/core/descriptors.cc',
        'native/core/files.cc',
        'native/core/launcher.cc',
        'native/core/lock_file.cc',
        'native/core/log_follower.cc',
        'native/core/message.cc',
        'native/core/status_channel.cc',
        'native/core/stdio.cc',
        'native/core/support.cc',
      ],
    },
    {
      'target_name': 'tsdaemon',
      'dependencies': ['core'],
      'sources': ['native/addon.cc'],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS'],
    },
  ],
  'conditions': [
    ['native_tests==1', {
      'targets': [
        {
          'target_name': 'native_test',
          'type': 'executable',
          'dependencies': ['core'],
          'sources': ['test/native/forkall_test.cc'],
        },
      ],
    }],
  ],
}
