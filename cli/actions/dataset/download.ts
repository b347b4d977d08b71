import { EXIT, type ExitCode } from '../../../common/errors.js';
import { catalogEntry } from '../../../datasets/catalog.js';
import type { Downloaded } from '../../../datasets/download/download.js';
import { type DownloadRequest, downloadNamed } from '../../../harness/app/dataset-download.js';
import { displayPath } from '../../../harness/app/places.js';
import type { CommandContext } from '../../context.js';

/** `vecproof dataset download`. */
export async function datasetDownloadCommand(
  names: readonly string[],
  options: DownloadRequest,
  context: CommandContext,
): Promise<ExitCode> {
  for (const name of names) {
    const downloaded = await downloadNamed(name, options, context);
    context.progress.end();
    context.out.write(`${describe(name, downloaded, context).join('\n')}\n`);
  }
  return EXIT.passed;
}

function describe(name: string, { folder, record, already }: Downloaded, context: CommandContext): string[] {
  const { licence, homepage, holds } = catalogEntry(name)!;
  return [
    `${name}: ${already ? 'was here already, in' : 'wrote'} ${displayPath(folder, context.cwd)}`,
    ...record.downloads.map(
      ({ file, bytes, sha256, checksum }) => `  ${file}: ${bytes} bytes, sha256 ${sha256} (${checksum})`,
    ),
    `  licence: ${licence ?? 'not stated'}${homepage === undefined ? '' : `; ${homepage}`}`,
    ...(holds === 'texts' ? ['  it holds texts and judgements, no vectors: see docs/datasets.md'] : []),
  ];
}
