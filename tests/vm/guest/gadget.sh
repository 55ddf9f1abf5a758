# Sourced in a guest: a gadget for programs that don't set up their own.
mount -t configfs none /sys/kernel/config
gadget=/sys/kernel/config/usb_gadget/bare
# gadget_run PROGRAM ARGUMENT…: with one FunctionFS function, whose folder comes behind the program's name; bound when it
# says "ready". Its process id is $function
gadget_run() {
    local program=$1
    shift
    mkdir -p $gadget/functions/ffs.bare $gadget/configs/c.1 /dev/bare
    echo 0x1209 >$gadget/idVendor
    echo 0x0001 >$gadget/idProduct
    [ -e $gadget/configs/c.1/ffs.bare ] || ln -s $gadget/functions/ffs.bare $gadget/configs/c.1/
    mount -t functionfs bare /dev/bare
    rm -f ready && mkfifo ready
    $program /dev/bare "$@" >ready &
    function=$!
    read -r _ <ready
    ls /sys/class/udc >$gadget/UDC
}
gadget_end() {
    echo >$gadget/UDC
    kill $function
    wait $function || true
    umount /dev/bare
}
