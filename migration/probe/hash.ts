/** Two independent 32-bit hashes of a text, for sketches and samples; no cryptography. */
export function hash64(text: string, seed = 0): [high: number, low: number] {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = mixed(a ^ (b >>> 15));
  b = mixed(b ^ (a >>> 13));
  return [a >>> 0, b >>> 0];
}

/** MurmurHash3's last step: every bit of the input changes about half of those of the output. */
function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
