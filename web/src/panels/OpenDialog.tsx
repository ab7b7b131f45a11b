import { FolderOpen } from "lucide-react";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { Examples } from "./Examples";
import { pickFile } from "./files";

export function OpenDialog() {
  const text = useText();
  return (
    <Dialog title={text("open")}>
      <p>{text("welcome.ways")}</p>
      <Button icon={FolderOpen} look="primary" onClick={() => pickFile()}>
        {text("welcome.open")}
      </Button>
      <h3>{text("welcome.examples")}</h3>
      <Examples />
    </Dialog>
  );
}
