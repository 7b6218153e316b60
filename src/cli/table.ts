import { type Colour, paint } from './output.js';

export interface Column<Row> {
  title: string;
  cell(row: Row): string | undefined;
  colour?(row: Row): Colour;
}

/** Columns as wide as they have to be; `-` for what is not known. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = columns.map((column) => rows.map((row) => column.cell(row) ?? '-'));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...(cells[i] ?? []).map((cell) => cell.length)),
  );
  // The last one is not padded: what it holds may be copied with the mouse.
  const pad = (text: string, i: number): string =>
    i + 1 < columns.length ? text.padEnd(widths[i] ?? 0) : text;
  const line = (texts: string[]): string => texts.join('  ');

  return [
    line(columns.map(({ title }, i) => paint('dim', pad(title, i)))),
    ...rows.map((row, n) =>
      line(
        columns.map(({ colour }, i) => {
          const text = pad(cells[i]?.[n] ?? '', i);
          return colour === undefined ? text : paint(colour(row), text);
        }),
      ),
    ),
  ].join('\n');
}
