import { constants } from 'node:os';

/**
 * With what each system call fails in practice: what its manual page names for a descriptor and a memory that are
 * valid, and what a security module or a container's filter answers. A call that is not here cannot fail, or not
 * without having done its work, as close(2): it only ends its process.
 *
 * @type {Record<string, string[] | ((call: import('./record.mjs').Call) => string[])>}
 */
const errnos = {
  read: ({ text }) => (isPipe(text) ? ['EINTR', 'EAGAIN'] : ['EINTR', 'EIO', 'ENOMEM']),
  pread64: ['EINTR', 'EIO', 'ENOMEM'],
  write: ({ text }) => (isPipe(text) ? ['EINTR', 'EAGAIN'] : ['EINTR', 'EIO', 'ENOSPC', 'EPERM']),
  writev: ['EINTR', 'EIO', 'ENOSPC'],
  pwrite64: ['EINTR', 'EIO', 'ENOSPC', 'EDQUOT'],
  open: ['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'ENOENT', 'EINTR'],
  openat: ({ text, c }) => [
    ...['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EINTR'],
    // Without /proc there is none of its files.
    ...(text.startsWith('/proc') ? [] : ['ENOENT']),
    ...((Number.parseInt(c, 16) & o_creat) === 0 ? [] : ['ENOSPC', 'EROFS', 'EEXIST']),
    ...(text.startsWith('/proc') ? ['EPERM'] : []),
  ],
  access: ['EACCES', 'ENOENT', 'ENOMEM'],
  faccessat: ['EACCES', 'ENOENT', 'ENOMEM'],
  faccessat2: ['EACCES', 'ENOENT', 'ENOSYS'],
  stat: ['EACCES', 'ENOENT', 'ENOMEM'],
  lstat: ['EACCES', 'ENOENT', 'ENOMEM'],
  fstat: ['ENOMEM', 'EIO', 'EACCES'],
  newfstatat: ['EACCES', 'ENOENT', 'ENOMEM'],
  statx: ['EACCES', 'ENOENT', 'ENOMEM', 'ENOSYS'],
  readlink: ['EACCES', 'ENOENT', 'ENOMEM'],
  // Of a descriptor: it is there.
  readlinkat: ({ text }) => ['EACCES', 'ENOMEM', ...(/^\d+$/.test(text) ? [] : ['ENOENT'])],
  getdents64: ['EIO', 'ENOMEM'],
  getcwd: ['ENOENT', 'ENOMEM'],
  'fcntl.0': ['EMFILE', 'EACCES'],
  'fcntl.38': ['EMFILE', 'EACCES'],
  fcntl: ['EACCES', 'EPERM'],
  ioctl: ['EIO', 'ENOMEM'],
  dup2: ['EINTR', 'EBUSY'],
  dup3: ['EINTR', 'EBUSY'],
  pipe2: ['EMFILE', 'ENFILE', 'ENOMEM'],
  eventfd2: ['EMFILE', 'ENOMEM'],
  epoll_create1: ['EMFILE', 'ENOMEM'],
  epoll_ctl: ['ENOMEM', 'ENOSPC'],
  epoll_wait: ['EINTR'],
  epoll_pwait: ['EINTR'],
  poll: ['EINTR', 'ENOMEM'],
  ppoll: ['EINTR', 'ENOMEM'],
  io_uring_setup: ['ENOSYS', 'EPERM', 'ENOMEM', 'EMFILE'],
  io_uring_enter: ['EINTR', 'EAGAIN', 'EBUSY'],
  socket: ['EMFILE', 'ENFILE', 'ENOBUFS', 'EACCES'],
  setsockopt: ['ENOMEM', 'EPERM'],
  connect: ['ECONNREFUSED', 'ENOENT', 'EACCES', 'EAGAIN', 'EINTR'],
  bind: ['EADDRINUSE', 'EACCES', 'ENOMEM'],
  listen: ['EADDRINUSE', 'ENOMEM'],
  sendto: ['EINTR', 'EAGAIN', 'ECONNREFUSED', 'ENOBUFS'],
  flock: ['EINTR', 'ENOLCK', 'EWOULDBLOCK', 'EOPNOTSUPP'],
  ftruncate: ['EINTR', 'EIO', 'EPERM'],
  fchmod: ['EPERM', 'EIO', 'EROFS'],
  unlinkat: ['EACCES', 'EROFS', 'EIO'],
  unlink: ['EACCES', 'EROFS', 'EIO'],
  memfd_create: ['EMFILE', 'ENOMEM', 'ENOSYS'],
  signalfd4: ['EMFILE', 'ENOMEM', 'ENOSYS'],
  // The names of threads.
  'prctl.15': [],
  'prctl.16': [],
  prctl: ['EINVAL', 'EPERM'],
  prlimit64: ['EPERM', 'ENOSYS'],
  rt_tgsigqueueinfo: ['EAGAIN', 'EPERM'],
  kill: ['EPERM'],
  tgkill: ['EPERM'],
  // Those that wait.
  'futex.0': ['EINTR', 'EAGAIN'],
  'futex.9': ['EINTR', 'EAGAIN'],
  madvise: ['ENOMEM', 'EAGAIN'],
  mincore: ['ENOMEM', 'EAGAIN'],
  mmap: ['ENOMEM', 'EAGAIN'],
  mremap: ['ENOMEM', 'EAGAIN'],
  munmap: ['ENOMEM'],
  mprotect: ['ENOMEM', 'EACCES'],
  process_vm_readv: ['EPERM', 'ENOSYS', 'EFAULT', 'ENOMEM'],
  clone: ['EAGAIN', 'ENOMEM', 'EPERM'],
  clone3: ['EAGAIN', 'ENOMEM', 'ENOSYS'],
  setsid: ['EPERM'],
  execve: ['ENOENT', 'EACCES', 'ENOMEM', 'E2BIG', 'EAGAIN', 'EIO'],
  wait4: ['EINTR', 'ECHILD'],
  waitid: ['EINTR', 'ECHILD'],
  pidfd_open: ['ENOSYS', 'EMFILE', 'EPERM', 'ENOMEM'],
  close_range: ['ENOSYS', 'EPERM', 'ENOMEM'],
  chdir: ['EACCES', 'ENOENT', 'ENOMEM', 'EIO'],
  fchdir: ['EACCES', 'EIO'],
  chroot: ['EPERM', 'EACCES', 'ENOMEM'],
  setpriority: ['EACCES', 'EPERM'],
  getgroups: ['EPERM'],
  setgroups: ['EPERM', 'ENOMEM'],
  setresgid: ['EPERM', 'EAGAIN'],
  setresuid: ['EPERM', 'EAGAIN'],
  sigaltstack: ['ENOMEM'],
  rseq: ['ENOSYS', 'EPERM'],
  set_robust_list: ['ENOSYS', 'EPERM'],
  get_robust_list: ['ENOSYS', 'EPERM'],
  sched_getattr: ['EPERM', 'ENOSYS'],
  sched_setattr: ['EPERM', 'ENOSYS', 'EBUSY'],
  sched_getaffinity: ['EPERM', 'ENOSYS'],
  sched_setaffinity: ['EPERM', 'ENOSYS', 'EINVAL'],
  getrandom: ['EINTR', 'ENOSYS'],
  arch_prctl: ['EINVAL', 'EPERM'],
};

const o_creat = 0o100;

/** @param {string} text */
const isPipe = (text) => /^(pipe|socket|anon_inode):/.test(text);

/** @param {import('./record.mjs').Call} call @returns {string[]} */
export function plausibleErrnos(call) {
  const known = errnos[call.call] ?? errnos[call.call.replace(/\..*/, '')] ?? [];
  return typeof known === 'function' ? known(call) : known;
}

/** @param {string} name */
export function errnoNumber(name) {
  const number = /** @type {Record<string, number>} */ (constants.errno)[name];
  if (number === undefined) throw new Error(`${name} is no errno`);
  return number;
}
