import { signalOf } from '../control-options.js';
import { type SignalName, signalName } from '../signal-names.js';

/** `HUP`, `SIGHUP`, `hup` or `1`. @throws OptionError for what is none. */
export function parseSignal(word: string): SignalName {
  const byNumber = /^\d+$/.test(word) ? signalName(Number(word)) : undefined;
  return byNumber ?? signalOf('signal', `SIG${word.toUpperCase().replace(/^SIG/, '')}`);
}
