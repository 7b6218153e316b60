/**
 * Whether one of Node's own modules was loaded, by the program or by Node: an object of a class that
 * was not cannot be there. True where Node does not tell.
 */
export function wasLoaded(name: string): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes(`NativeModule ${name}`) ?? true;
}
