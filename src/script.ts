const refused: Record<string, string> = {
  '-e': 'a script given by --eval',
  '--eval': 'a script given by --eval',
  '-p': 'a script given by --print',
  '-pe': 'a script given by --print',
  '--print': 'a script given by --print',
  '-i': 'an interactive session',
  '--interactive': 'an interactive session',
  '-c': 'a syntax check',
  '--check': 'a syntax check',
  '--test': "Node's test runner",
  '--watch': "Node's watch mode",
  '--watch-path': "Node's watch mode",
};

/** What Node was started for instead of a script file, `undefined` if it is one. */
export function reasonForNoScript(): string | undefined {
  for (const argument of process.execArgv) {
    const reason = refused[argument.split('=', 1)[0] ?? ''];
    if (reason !== undefined) return reason;
  }
  // The child of `node --watch`, which is not told so by a flag.
  if (process.env['WATCH_REPORT_DEPENDENCIES'] !== undefined) return "Node's watch mode";
  const script = process.argv[1];
  return script === undefined || script === '-' ? 'a script read from stdin' : undefined;
}
