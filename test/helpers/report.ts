/** What fixtures/lib/report.cjs tells by `self()`. */
export interface Self {
  pid: number;
  pidOfKernel: number;
  pidProperty: PropertyDescriptor;
  ppid: number;
  ppidOfKernel: number;
  pgrp: number;
  session: number;
  tty: number;
  /** What came of opening /dev/tty. */
  terminal: string;
  cwd: string;
  umask: number;
  descriptors: Record<string, string>;
  execArgv: string[];
  argv: string[];
  environment: { KEPT?: string; NODE_OPTIONS?: string };
  isDaemon: boolean;
}
