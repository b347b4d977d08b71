import type { Session } from './client.js';

/** A session that many may ask at the same time: one statement after the other, as its connection answers them. */
export interface InTurn extends Session {
  /** Several statements that no other comes between. */
  together<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

export function inTurn(session: Session): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  const together = <T>(work: (own: Session) => Promise<T>): Promise<T> => {
    const mine = last.then(() => work(session));
    // What fails is told to whoever asked it; the next one is asked all the same.
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    together,
    query: (sql) => together((own) => own.query(sql)),
    ask: (sql, parameters) => together((own) => own.ask(sql, parameters)),
    copy: (sql, chunks, signal) => together((own) => own.copy(sql, chunks, signal)),
    copyOut: (sql) => together((own) => own.copyOut(sql)),
    prepare: (name, sql) => together((own) => own.prepare(name, sql)),
    onNotice: (take) => session.onNotice(take),
    cancel: () => session.cancel(),
    close: () => session.close(),
  };
}

/** All statements of `work`, or none. */
export function transaction<T>(session: InTurn, work: (own: Session) => Promise<T>): Promise<T> {
  return session.together(async (own) => {
    await own.query('BEGIN');
    try {
      const result = await work(own);
      await own.query('COMMIT');
      return result;
    } catch (error) {
      // A connection that broke has rolled back by itself; what is told is why.
      await own.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  });
}
