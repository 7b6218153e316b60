/**
 * The environment of the tests without what belongs to their runner, which a Node below it would heed.
 * @returns {Record<string, string>}
 */
export function cleanEnvironment() {
  /** @type {Record<string, string>} */
  const clean = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(NODE_|VITE|TSDAEMON_|npm_|FORCE_COLOR$|CI$)/.test(name))
      clean[name] = value;
  }
  return clean;
}
