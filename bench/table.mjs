/**
 * Prints a table as Markdown has it; the first column is text, the others are figures.
 * @param {string} title @param {readonly string[]} head @param {readonly (readonly string[])[]} rows
 */
export function printTable(title, head, rows) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  /** @param {readonly string[]} row */
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  console.log(`\n### ${title}\n`);
  for (const row of [line(head), rule, ...rows.map(line)]) console.log(`| ${row.join(' | ')} |`);
}
