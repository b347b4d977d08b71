// Closing line of the tests, taken from the runner's own result file; fails if a test was skipped that CI must run.
// Further files are of the unit tests on other versions of Node: a line for each, and what failed there counts as failed.
import { existsSync, readFileSync } from 'node:fs';

const [file, ...others] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log(`${file} is missing: the tests did not run`);
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, 'utf8'));
const within = (name) => name.replace(`${process.cwd()}/`, '');
const skipped = results.testResults.flatMap(({ name, assertionResults }) =>
  assertionResults
    .filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo')
    .map(({ fullName }) => ({ file: within(name), fullName })),
);

const oneLine = (text, most) => text.replace(/\s+/g, ' ').slice(0, most);
for (const { file, fullName } of skipped) console.log(`skipped: ${file}: ${oneLine(fullName, 300)}`);
// Qdrant's image cannot be built from package registries: its tests run against its core behind a stand-in.
const needsServer = ({ file, fullName }) =>
  file.startsWith('test/servers/') || /(pgvector|chroma|milvus|qdrant) \(set VECPROOF/.test(fullName);
const forbidden = skipped.filter((test) => test.file.startsWith('test/browser/') || needsServer(test));
if (forbidden.length > 0) console.log(`${forbidden.length} tests were skipped that need Chromium or Docker`);
// Files that failed to load hold no tests: count each as a failure.
const broken = results.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
let failed = results.numFailedTests + broken.length;
for (const each of others) failed += elsewhere(each);
for (const { file, seconds } of slowest(10)) console.log(`slow: ${seconds.toFixed(0).padStart(4)} s ${file}`);
// Last, where a reader of a cut log still finds them: what failed, and the first lines of why.
for (const { name, message } of broken) console.log(`failed: ${within(name)}: ${oneLine(message, 500)}`);
for (const { name, assertionResults } of results.testResults)
  for (const { status, fullName, failureMessages } of assertionResults)
    if (status === 'failed')
      console.log(`failed: ${within(name)}: ${fullName}\n  ${oneLine(failureMessages.join(' | '), 500)}`);
console.log(`${results.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
process.exit(failed > 0 || forbidden.length > 0 || results.numPassedTests === 0 ? 1 : 0);

/** Files that took longest, of those that run beside each other; why they do is in CONTRIBUTING.md. */
function slowest(count) {
  return results.testResults
    .map(({ name, startTime, endTime }) => ({
      file: within(name),
      seconds: (endTime - startTime) / 1000,
    }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, count);
}

/** Tells how the tests went on another Node; returns how many failed, at least 1 if they did not run. */
function elsewhere(path) {
  const name = path.replace(/^.*\//, '').replace(/\.json$/, '');
  if (!existsSync(path)) {
    console.log(`failed: ${name}: the tests did not run`);
    return 1;
  }
  const { testResults, numPassedTests } = JSON.parse(readFileSync(path, 'utf8'));
  let count = 0;
  for (const { name: test, status, message, assertionResults } of testResults) {
    const bad = assertionResults.filter((each) => each.status === 'failed');
    for (const { fullName, failureMessages } of bad)
      console.log(`failed: ${name}: ${fullName}\n  ${oneLine(failureMessages.join(' | '), 500)}`);
    const unloadable = status === 'failed' && assertionResults.length === 0;
    if (unloadable) console.log(`failed: ${name}: ${test}: ${oneLine(message, 500)}`);
    count += bad.length + (unloadable ? 1 : 0);
  }
  console.log(`${name}: ${numPassedTests} passed, ${count} failed`);
  return numPassedTests === 0 ? Math.max(1, count) : count;
}
