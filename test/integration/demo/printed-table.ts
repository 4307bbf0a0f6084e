/** The rows of the first table in `text` that has a column `title`: cell by column title. */
export function readTable(text: string, title: string): readonly Readonly<Record<string, string>>[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.includes(title));
  const [head = "", ...rest] = start < 0 ? [] : lines.slice(start);
  const end = rest.indexOf("");
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, index }));
  return rest
    .slice(0, end < 0 ? rest.length : end)
    .map((line) =>
      Object.fromEntries(
        columns.map(({ name, index }, at) => [name, line.slice(index, columns[at + 1]?.index).trim()]),
      ),
    );
}
