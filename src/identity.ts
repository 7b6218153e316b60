/** Makes true what Node remembers of the process from its start. */
export function adoptIdentity(pid: number): void {
  // A data property, filled in when Node started; `process.ppid` is a getter.
  Object.defineProperty(process, 'pid', {
    value: pid,
    configurable: true,
    enumerable: true,
    writable: false,
  });
  // process.cwd() is remembered, here and in every Worker, until process.chdir() is called.
  process.chdir('.');
}
