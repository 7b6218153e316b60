/** What came of the runs so far, by line and kind. */
export class Tally {
  passed = 0;
  failed = 0;
  /** @type {Map<string, {node: string, kind: string, runs: number, failed: number, times: number[]}>} */
  #rows = new Map();
  #begun = Date.now();

  /**
   * @param {string} kind @param {{major: number, version: string}} line
   * @param {{failure: string | undefined, time: number}} outcome @param {string} [which] of them it was
   */
  add(kind, line, { failure, time }, which = '') {
    const key = `${line.major} ${kind}`;
    const row = this.#rows.get(key) ?? { node: line.version, kind, runs: 0, failed: 0, times: [] };
    this.#rows.set(key, row);
    row.runs++;
    row.times.push(time);
    if (failure === undefined) {
      this.passed++;
    } else {
      this.failed++;
      row.failed++;
      console.log(`FAILED ${kind} ${which} on Node ${line.version}: ${failure}`);
    }
    const all = this.passed + this.failed;
    if (all % 100 === 0) console.log(`${all} runs in ${this.#seconds()} s, ${this.failed} failed`);
  }

  rows() {
    return [...this.#rows.values()]
      .sort((a, b) => a.kind.localeCompare(b.kind) || a.node.localeCompare(b.node))
      .map(({ times, ...row }) => {
        const sorted = times.sort((a, b) => a - b);
        return {
          ...row,
          'median ms': sorted[Math.floor(sorted.length / 2)],
          'longest ms': sorted.at(-1),
        };
      });
  }

  print() {
    console.table(this.rows());
    console.log(`in ${this.#seconds()} s`);
    console.log(`${this.passed} passed, ${this.failed} failed`);
  }

  #seconds() {
    return Math.round((Date.now() - this.#begun) / 1000);
  }
}
