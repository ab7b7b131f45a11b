/** Files that the user chooses, drops or pastes. */
import { openFile } from "../state/work";

const KINDS = "image/png,image/jpeg,image/webp";

export function pickFile(take: (file: File) => void = (file) => void openFile(file, file.name)): void {
  choose(false, ([file]) => file && take(file));
}

/** Let the user choose several pictures. */
export function pickFiles(take: (files: File[]) => void): void {
  choose(true, take);
}

function choose(multiple: boolean, take: (files: File[]) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = KINDS;
  input.multiple = multiple;
  input.addEventListener("change", () => {
    if (input.files?.length) take([...input.files]);
  });
  input.click();
}

/** Open files that are dropped anywhere on the page or pasted. */
export function receiveFiles(over: (isOver: boolean) => void): () => void {
  const take = (data: DataTransfer | null): boolean => {
    const file = [...(data?.files ?? [])][0];
    if (file) void openFile(file, file.name);
    return Boolean(file);
  };
  const drag = (event: DragEvent): void => {
    event.preventDefault();
    over(event.type === "dragover");
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    over(false);
    take(event.dataTransfer);
  };
  const paste = (event: ClipboardEvent): void => {
    if (take(event.clipboardData)) event.preventDefault();
  };
  addEventListener("dragover", drag);
  addEventListener("dragleave", drag);
  addEventListener("drop", drop);
  addEventListener("paste", paste);
  return () => {
    removeEventListener("dragover", drag);
    removeEventListener("dragleave", drag);
    removeEventListener("drop", drop);
    removeEventListener("paste", paste);
  };
}

export function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
