import fc from 'fast-check';

const names =
  `CWD UMASK LOG STDIN STDOUT STDERR KEEP_FDS USER GROUP GROUPS CHROOT OOM_SCORE_ADJ NICE TITLE FOREGROUND STRATEGY NAME
  PID_FILE IF_RUNNING READY READY_TIMEOUT SHUTDOWN_TIMEOUT`.split(/\s+/);

/**
 * What may stand behind TSDAEMON_, right and wrong; no file but below the directory is to be made.
 *
 * @param {string} directory
 */
export function environments(directory) {
  const nearlyRight = [
    '',
    ' ',
    '0',
    '1',
    '-1',
    '22',
    '0777',
    '99999',
    '1e3',
    '0x10',
    '9'.repeat(30),
    'a'.repeat(5000),
    'auto',
    'fork',
    'exec',
    'null',
    'inherit',
    'root',
    'nobody',
    'loaded',
    'detached',
    'error',
    'ok',
    'true',
    '.',
    '..',
    `${directory}/x`,
    `${directory}/x/y`,
    '1,2,3',
    ',',
    '3',
  ];
  const value = fc.oneof(fc.constantFrom(...nearlyRight), fc.string({ unit: 'binary' }));
  /** @param {string} text */
  const harmless = (text) => {
    const noNul = text.replaceAll('\0', '0');
    return noNul.startsWith(directory) ? noNul : noNul.replaceAll('/', '_');
  };
  return fc
    .dictionary(fc.constantFrom(...names), value.map(harmless), { minKeys: 1, maxKeys: 3 })
    .map((given) =>
      Object.fromEntries(Object.entries(given).map(([name, text]) => [`TSDAEMON_${name}`, text])),
    );
}
