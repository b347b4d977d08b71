/** All rows of `docs` by a cursor of a PostgreSQL client. */
export async function scanByCursor(query: (sql: string) => Promise<{ rows: unknown[] }>): Promise<number> {
  await query('BEGIN');
  await query('DECLARE scan CURSOR FOR SELECT * FROM docs');
  let rows = 0;
  for (;;) {
    const page = await query('FETCH 1000 FROM scan');
    if (page.rows.length === 0) break;
    rows += page.rows.length;
  }
  await query('COMMIT');
  return rows;
}
