/** Arrays of numbers of 8 kB each, which V8 keeps in heap pages of 256 kB. @param {number} megabytes */
function fillHeap(megabytes) {
  return Array.from({ length: megabytes * 128 }, (_, i) => new Array(1022).fill(i + 0.5));
}

/** @param {number} megabytes */
function fillBuffers(megabytes) {
  return Array.from({ length: megabytes }, () => Buffer.alloc(2 ** 20, 1));
}

module.exports = { heap: fillHeap, buffers: fillBuffers };
