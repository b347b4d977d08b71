const last = new Map<string, Promise<unknown>>();

/**
 * Work of one key is done in the order in which it came, whoever in this process asks for it: for engines whose own writes of one
 * place get in each other's way. What failed before is told to whoever asked for it.
 */
export function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(key);
  const mine = before === undefined ? work() : before.then(work, work);
  last.set(key, mine);
  const done = () => {
    if (last.get(key) === mine) last.delete(key);
  };
  mine.then(done, done);
  return mine;
}
