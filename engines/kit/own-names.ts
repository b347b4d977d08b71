/** Of names on a server, those that a run of vecproof gave this end. */
export function ownNames(names: readonly string[], end: string): string[] {
  return names.filter((name) => name.startsWith('vecproof') && name.endsWith(`_${end}`));
}
