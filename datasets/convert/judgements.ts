import { InputError } from '../../common/errors.js';
import type { Qrels } from '../dataset.js';
import type { ByteSink } from '../formats/sink.js';

/** Judgements as text: BEIR's three columns with a heading, or TREC's four. */
export async function writeQrels(
  sink: ByteSink,
  qrels: Qrels,
  layout: 'trec' | 'beir',
  where: string,
): Promise<void> {
  if (layout === 'beir') await sink.write('query-id\tcorpus-id\tscore\n');
  const strange = layout === 'beir' ? /[\t\r\n]/ : /\s/;
  const check = (id: string) => {
    if (!strange.test(id) && id !== '' && !id.startsWith('#')) return;
    throw new InputError(
      `an id that is empty, begins with # or holds white space cannot be written in ${layout === 'beir' ? 'BEIR' : 'TREC'}’s layout`,
      {
        where,
        got: id,
        next:
          layout === 'trec'
            ? 'end the name with .qrels.tsv (BEIR’s layout), or change the ids'
            : 'change the ids',
      },
    );
  };
  for (const [query, judged] of qrels) {
    check(query);
    let text = '';
    for (const [document, grade] of judged) {
      check(document);
      text +=
        layout === 'beir'
          ? `${quoted(query)}\t${quoted(document)}\t${grade}\n`
          : `${query} 0 ${document} ${grade}\n`;
    }
    await sink.write(text);
  }
}

/** As BEIR's own reader, Python's csv, has it. */
const quoted = (id: string): string => (id.includes('"') ? `"${id.replaceAll('"', '""')}"` : id);
