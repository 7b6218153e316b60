{
  'variables': {
    # 1: the native test on musl, see scripts/musl.mjs
    'musl%': 0,
    # 1 adds the native test executable: node-gyp configure -- -Dnative_tests=1
    'native_tests%': 0,
    # and builds it in build/Sanitize as well, with these: make -C build BUILDTYPE=Sanitize native_test
    'sanitizers%': 'address,undefined',
  },
  'target_defaults': {
    'include_dirs': ['native'],
    'cflags': ['-Wall', '-Wextra', '-Wunused-parameter', '-Werror', '-fvisibility=hidden'],
    'cflags_cc': ['-std=gnu++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden'],
    'ldflags': ['-Wl,-z,now'],
    'conditions': [
      ['native_tests==1', {
        'configurations': {
          'Sanitize': {
            # vptr needs RTTI.
            'cflags': [
              '-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=<(sanitizers)',
              '-fno-sanitize=vptr', '-fno-sanitize-recover=all',
            ],
            'ldflags': ['-fsanitize=<(sanitizers)'],
          },
        },
      }],
    ],
  },
  'targets': [
    {
      # Runs while threads are parked. It may need no part of the libstdc++ run time, so no guarded
      # statics; and no stack protector, whose canary lives in a thread block that is not always there.
      'target_name': 'forkall',
      'type': 'static_library',
      'sources': [
        'native/core/forkall/area.cc',
        'native/core/forkall/forkall.cc',
        'native/core/forkall/library_text.cc',
        'native/core/forkall/lock_owners.cc',
        'native/core/forkall/lock_operations.cc',
        'native/core/forkall/mappings.cc',
        'native/core/forkall/own_proc.cc',
        'native/core/forkall/probe.cc',
        'native/core/forkall/session.cc',
        'native/core/forkall/task_directory.cc',
        'native/core/forkall/task_text.cc',
        'native/core/forkall/thread_block.cc',
        'native/core/forkall/thread_state.cc',
        'native/core/forkall/threads.cc',
      ],
      'cflags_cc': ['-fno-threadsafe-statics', '-fno-stack-protector'],
      'conditions': [
        ['target_arch=="x64"', { 'sources': ['native/core/forkall/arch/x86_64.cc'] }],
        ['target_arch=="arm64"', { 'sources': ['native/core/forkall/arch/aarch64.cc'] }],
      ],
    },
    {
      # Knows no Node-API and no JavaScript.
      'target_name': 'core',
      'type': 'static_library',
      'dependencies': ['forkall'],
      'export_dependent_settings': ['forkall'],
      'sources': [
        'native/core/activation.cc',
        'native/core/children.cc',
        'native/core/control.cc',
        'native/core/credentials.cc',
        'native/core/daemonize.cc',
        'native/core/descriptors.cc',
        'native/core/files.cc',
        'native/core/launcher.cc',
        'native/core/limits.cc',
        'native/core/lock_file.cc',
        'native/core/log_follower.cc',
        'native/core/message.cc',
        'native/core/progress.cc',
        'native/core/stderr_output.cc',
        'native/core/notify.cc',
        'native/core/pid_text.cc',
        'native/core/proc_field.cc',
        'native/core/reexec.cc',
        'native/core/status_channel.cc',
        'native/core/stdio.cc',
        'native/core/support.cc',
        'native/core/surroundings.cc',
      ],
    },
    {
      'target_name': 'tsdaemon',
      'dependencies': ['core'],
      'sources': ['native/addon.cc'],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS'],
      'ldflags': ['-Wl,--version-script=<(module_root_dir)/native/exports.map'],
      # dlsym, before glibc 2.34.
      'libraries': ['-ldl'],
    },
  ],
  'conditions': [
    ['native_tests==1', {
      'targets': [
        {
          'target_name': 'native_test',
          'type': 'executable',
          'dependencies': ['core'],
          # The first ones take longest, and run beside the others.
          'sources': [
            'test/native/straggler_test.cc',
            'test/native/allocation_test.cc',
            'test/native/alternate_stack_test.cc',
            'test/native/creation_test.cc',
            'test/native/credentials_test.cc',
            'test/native/dont_fork_test.cc',
            'test/native/ending_test.cc',
            'test/native/failure_test.cc',
            'test/native/identity_test.cc',
            'test/native/libc_test.cc',
            'test/native/lock_race_test.cc',
            'test/native/lock_test.cc',
            'test/native/process_test.cc',
            'test/native/registers_test.cc',
            'test/native/robust_list_test.cc',
            'test/native/scheduling_test.cc',
            'test/native/signal_test.cc',
            'test/native/storage_test.cc',
            'test/native/waiting_test.cc',
            'test/native/waking_test.cc',
            'test/native/harness.cc',
            'test/native/interpose.cc',
            'test/native/keeper.cc',
            'test/native/lock_kinds.cc',
            'test/native/main.cc',
            'test/native/proc.cc',
            'test/native/process_tree.cc',
            'test/native/program.cc',
            'test/native/sanitizers.cc',
            'test/native/start.cc',
            'test/native/thread.cc',
          ],
          # What interpose.cc stands in for.
          'ldflags': [
            '-pthread',
            '-Wl,--wrap=pthread_mutex_lock,--wrap=pthread_mutex_trylock',
            '-Wl,--wrap=pthread_mutex_unlock,--wrap=pthread_once',
            '-Wl,--wrap=pthread_rwlock_rdlock,--wrap=pthread_rwlock_wrlock',
            '-Wl,--wrap=pthread_rwlock_unlock,--wrap=fork,--wrap=exit,--wrap=abort',
            '-Wl,--wrap=opendir,--wrap=readdir,--wrap=closedir,--wrap=fopen,--wrap=fclose',
            '-Wl,--wrap=vfprintf,--wrap=fputs,--wrap=dlsym,--wrap=getenv,--wrap=strerror',
          ],
          'libraries': ['-ldl'],
          'conditions': [
            # What is glibc's alone; and what a libstdc++ for glibc needs on musl.
            ['musl==0', {
              'sources': ['test/native/lock_search_test.cc', 'test/native/rseq_test.cc'],
              'ldflags': ['-Wl,--wrap=fopen64,--wrap=readdir64'],
            }, {
              'sources': ['test/native/libstdcxx_on_musl.cc'],
              'ldflags': ['-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free'],
            }],
            ['target_arch=="x64"', { 'sources': ['test/native/registers_x86_64.cc'] }],
            ['target_arch=="arm64"', { 'sources': ['test/native/registers_aarch64.cc'] }],
          ],
        },
      ],
    }],
  ],
}
