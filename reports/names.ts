/**
 * Names shortened to `limit` characters, so that no two that differ become the same: cut at the end where that keeps them
 * apart, else in the middle, else numbered.
 */
export function shortNames(names: readonly string[], limit: number): Map<string, string> {
  const all = [...new Set(names)];
  const found = new Map<string, string>();
  const taken = new Set<string>();
  const ends = counted(all.map((name) => cutEnd(name, limit)));
  const middles = counted(all.map((name) => cutMiddle(name, limit)));
  for (const [i, name] of all.entries()) {
    const wanted = [cutEnd(name, limit), cutMiddle(name, limit)];
    const unique = wanted.filter((each, way) => (way === 0 ? ends : middles).get(each) === 1);
    const free = [...unique, numbered(name, i + 1, limit)].find((each) => !taken.has(each)) ?? name;
    taken.add(free);
    found.set(name, free);
  }
  return found;
}

const cutEnd = (name: string, limit: number): string =>
  name.length > limit ? `${name.slice(0, limit - 1).trimEnd()}…` : name;

function cutMiddle(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const tail = Math.floor((limit - 1) / 2);
  return `${name.slice(0, limit - 1 - tail).trimEnd()}…${name.slice(name.length - tail).trimStart()}`;
}

const numbered = (name: string, number: number, limit: number): string => {
  const mark = `…#${number}`;
  return `${name.slice(0, Math.max(1, limit - mark.length))}${mark}`;
};

function counted(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
