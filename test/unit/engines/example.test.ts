import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';

const FILE = join(packageRoot, 'examples/engine/brute-force.js');

test('the example engine fits the contract, as a strict compiler reads it, in less than 150 lines', () => {
  const program = ts.createProgram([FILE], {
    strict: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  });
  const said = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return file === undefined ? text : `${file.getLineAndCharacterOfPosition(start!).line + 1}: ${text}`;
  });
  expect(said).toEqual([]);
  expect(program.getSourceFile(FILE)!.getLineStarts().length - 1).toBeLessThan(150);
}, 60_000);
