// Compiles several projects in one process, so that the files of TypeScript and Node are parsed and checked once:
// compile.mjs CONFIG... It uses the interface of TypeScript 5; TypeScript 7 has another one.
import ts from 'typescript-oldest';

const parsed = new Map();
const checked = new Set();

for (const config of process.argv.slice(2)) {
  const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(config, {}, ts.sys);
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram(fileNames, options, { ...host, getSourceFile: reuse(host.getSourceFile) });
  const diagnostics = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program.getSourceFiles().flatMap((file) => diagnosticsOf(program, file)),
  ];
  process.stdout.write(ts.formatDiagnostics(diagnostics, host));
  if (diagnostics.length > 0) process.exitCode = 1;
}

function diagnosticsOf(program, file) {
  const isShared = program.isSourceFileDefaultLibrary(file) || file.fileName.includes('/@types/node/');
  if (isShared && checked.has(file.fileName)) return [];
  checked.add(file.fileName);
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
}

/** A file differs only if it is a module of the other kind. */
function reuse(getSourceFile) {
  return (path, settings, ...rest) => {
    const key = `${settings.impliedNodeFormat} ${path}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(path, settings, ...rest));
    return parsed.get(key);
  };
}
