/**
 * A listener of a signal for as long as there is no other. Who counts listeners to find out whether
 * the program has one of its own, as the package signal-exit does, sees none of ours.
 */
export function listenAlone(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): () => void {
  const isOther = (event: string | symbol, added: unknown): boolean =>
    event === signal && added !== listener;
  const onNew = (event: string | symbol, added: unknown): void => {
    if (isOther(event, added)) process.removeListener(signal, listener);
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
