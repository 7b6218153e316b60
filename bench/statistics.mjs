/**
 * Of an ascending list, by linear interpolation.
 * @param {readonly number[]} sorted @param {number} fraction
 */
function quantile(sorted, fraction) {
  const at = (sorted.length - 1) * fraction;
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(at));
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** "12.3 (11.9–13.0)": the median, and the quartiles. @param {readonly number[]} values */
export function spread(values, digits = 1) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((at) => quantile(sorted, at).toFixed(digits));
  return `${middle} (${low}–${high})`;
}
