/**
 * A listener of a signal for as long as there is no other. Who counts listeners to find out whether
 * the program has one of its own, as the package signal-exit does, sees none of ours.
 */
export function listenAlone(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): () => void {
  const isOther = (event: string | symbol, changed: unknown): boolean =>
    event === signal && changed !== listener;
  // Not before the other one is there: Node stops watching a signal that nobody listens to.
  const giveWay = (): void => {
    if (process.listenerCount(signal) > 1) process.removeListener(signal, listener);
  };
  const onNew = (event: string | symbol, added: unknown): void => {
    if (isOther(event, added)) process.nextTick(giveWay);
  };
  const onRemoved = (event: string | symbol, removed: unknown): void => {
    if (isOther(event, removed) && process.listenerCount(signal) === 0)
      process.on(signal, listener);
  };
  process.on('newListener', onNew);
  process.on('removeListener', onRemoved);
  if (process.listenerCount(signal) === 0) process.on(signal, listener);
  return () => {
    process.removeListener('newListener', onNew);
    process.removeListener('removeListener', onRemoved);
    process.removeListener(signal, listener);
  };
}
