import type { Session } from './client.js';

/** A session that many may ask at the same time: one statement after the other, as its connection answers them. */
export function inTurn(session: Session): Pick<Session, 'query' | 'ask'> {
  let last: Promise<unknown> = Promise.resolve();
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    // What fails is told to whoever asked it; the next one is asked all the same.
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    query: (sql) => next(() => session.query(sql)),
    ask: (sql, parameters) => next(() => session.ask(sql, parameters)),
  };
}
